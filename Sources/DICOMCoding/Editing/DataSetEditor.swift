public import DICOMCore
public import NIOCore

/// Edits the bytes of a Data Set and keeps all others.
///
/// Two passes over the same bytes, in pieces of any size: the first, here, learns where everything is and gives a
/// ``DataSetPatch``; the second applies it with a ``DataSetPatcher``. What no edit concerns stays as it is, byte for byte: odd
/// encodings, order, duplicates, padding and bulk. Lengths of items, sequences and groups around an edit follow. The length of the
/// result is known before the second pass. Memory: about 100 bytes per element, and what previous values need.
///
/// Of several elements with one tag, the first is set or emptied, and the others go.
///
/// ```swift
/// var editor = try DataSetEditor([AttributeEdit("set PatientID=17")], transferSyntax: transferSyntax)
/// try editor.append(bytes)
/// let plan = try editor.finish()
/// var patcher = DataSetPatcher(plan.patch)
/// let edited = try patcher.patch(bytes) + patcher.finish()
/// ```
///
/// A deflated Data Set is read as it is, but the patch is for its inflated bytes.
public struct DataSetEditor: Sendable {
    private let edits: [AttributeEdit]
    private let options: EditOptions
    private var scanner: OutlineScanner

    /// Begins at the first byte of a Data Set.
    public init(
        _ edits: [AttributeEdit],
        options: EditOptions = EditOptions(),
        transferSyntax: TransferSyntax,
        limits: DataSetLimits = DataSetLimits()
    ) {
        self.edits = edits
        self.options = options
        scanner = OutlineScanner(transferSyntax, limits, Self.wanted(edits, options))
    }

    /// Takes the next bytes of the Data Set.
    ///
    /// - Throws: `.unreadable`; the editor must not be used afterwards.
    public mutating func append(_ chunk: ByteBuffer) throws(EditError) {
        do {
            try scanner.append(chunk)
        } catch {
            throw EditError(error)
        }
    }

    /// Tells that no more bytes come.
    ///
    /// - Throws: `.unreadable`, or why an edit cannot be done; then none is.
    public mutating func finish() throws(EditError) -> EditPlan {
        do {
            try scanner.finish()
        } catch {
            throw EditError(error)
        }
        var planner = EditPlanner(edits, options, scanner.outline, kept: scanner.kept)
        let patch = try planner.plan()
        return EditPlan(patch: patch, changeCounts: planner.counts, unrecorded: planner.unrecorded)
    }

    private static func wanted(_ edits: [AttributeEdit], _ options: EditOptions) -> OutlineScanner.Wanted {
        var wanted = OutlineScanner.Wanted()
        wanted.hasText = options.characterSet == .utf8
        wanted.hasOriginals = options.originalAttributes != nil
        if wanted.hasOriginals { wanted.tags.insert(.specificCharacterSet) }
        for name in edits.flatMap(\.path.names) {
            switch name {
            case .tag(let tag): wanted.tags.insert(tag)
            case .privateElement(let group, _, _): wanted.privateGroups.insert(group)
            }
        }
        return wanted
    }
}

/// What edits do to a certain Data Set.
public struct EditPlan: Sendable, Hashable {
    /// What turns its bytes into the edited ones.
    public let patch: DataSetPatch
    /// For each edit, in how many places it changes something; 0 for one that meets nothing, or what it would have made.
    public let changeCounts: [Int]
    /// Attributes whose previous values are too long to be noted in Original Attributes Sequence.
    public let unrecorded: [Tag]
}
