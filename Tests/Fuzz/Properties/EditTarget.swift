import DICOMCoding
import DICOMCore
public import NIOCore

/// Attribute edits: their text, and what they make of the bytes of a Data Set.
public enum EditTarget: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "Edit"

    private static let limits = DataSetTarget.limits
    /// The first element of each Data Set, which no edit concerns: it tells the encoding.
    private static let first = DataElement.text(Tag(rawValue: 0x0004_1130), .cs, "FIRST")

    /// The first byte chooses what is done, the second the pieces; then lines of edits up to a zero, then a Data Set.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) {
        var bytes = input
        let choice = bytes.takeChoice()
        let seed = bytes.takeChoice()
        let lines = bytes.readableBytesView.prefix { $0 != 0 }
        bytes.moveReaderIndex(forwardBy: min(lines.count + 1, bytes.readableBytes))
        let edits = try edits(lines)
        let transferSyntax: TransferSyntax =
            switch choice % 4 {
            case 1: .explicitVRBigEndian
            case 3: DataSetTarget.jpegBaseline
            default: .explicitVRLittleEndian
            }
        guard let beginning = try? DataSetEncoder.encode(DataSet([first]), in: transferSyntax) else { return }
        var whole = beginning
        whole.writeImmutableBuffer(bytes)
        if choice % 4 == 2 {
            try checkUTF8(whole, transferSyntax)
        } else {
            try check(edits, of: whole, transferSyntax, seed)
        }
    }

    /// What is an edit says what it is: as text, and as JSON.
    private static func edits(_ lines: ByteBufferView) throws(PropertyViolation) -> [AttributeEdit] {
        var edits: [AttributeEdit] = []
        for line in lines.split(separator: 0x0A).prefix(8) {
            guard let edit = try? AttributeEdit(String(decoding: line, as: UTF8.self)) else { continue }
            try require((try? AttributeEdit(edit.description)) == edit, "'\(edit)' reads back as something else")
            edits.append(edit)
        }
        let json = try? AttributeEdit.json(edits)
        try require(json != nil, "edits as text have no JSON")
        if let json { try require((try? AttributeEdit.list(json: json)) == edits, "JSON reads back as something else") }
        return edits
    }

    /// Editing the bytes and reading them gives what reading them and editing gives, whatever the pieces.
    private static func check(
        _ edits: [AttributeEdit],
        of bytes: ByteBuffer,
        _ transferSyntax: TransferSyntax,
        _ seed: UInt8
    ) throws(PropertyViolation) {
        let edited = run(edits, EditOptions(), bytes.pieces(seed: 0xFD), transferSyntax)
        let pieces = run(edits, EditOptions(), bytes.pieces(seed: seed), transferSyntax)
        try require(edited == pieces, "pieces give \(pieces) instead of \(edited)")
        if edits.isEmpty, case .success(let same) = edited { try require(same == bytes, "no edit changes something") }
        guard !edits.contains(where: concernsEncoding),
            let dataSet = EncodingProperties.read(bytes, transferSyntax, limits)
        else { return }
        let expected = Result { () throws(EditError) in try dataSet.applying(edits) }
        switch (expected, edited) {
        case (.success(let expected), .success(let edited)):
            var generous = limits
            generous.headerLength *= 4
            generous.elementCount *= 4
            generous.depth += AttributePath.stepLimit
            guard let read = EncodingProperties.read(edited, transferSyntax, generous) else {
                throw PropertyViolation("the edited bytes are not readable")
            }
            let (wanted, found) = (FlatDataSet(expected).lines, FlatDataSet(read).lines)
            try require(wanted == found, "edited \(found) instead of \(wanted)")
        case (.failure(let expected), .success):
            throw PropertyViolation("the bytes can be edited, the Data Set not: \(expected.code)")
        case (.success, .failure(let error)):
            try require(
                error.code == .valueTooLong || error.code == .unreadable,
                "the Data Set can be edited, the bytes not: \(error.code)"
            )
        case (.failure, .failure): break
        }
    }

    /// Text says the same in UTF-8.
    private static func checkUTF8(_ bytes: ByteBuffer, _ transferSyntax: TransferSyntax) throws(PropertyViolation) {
        var options = EditOptions()
        options.characterSet = .utf8
        guard let before = EncodingProperties.read(bytes, transferSyntax, limits),
            case .success(let turned) = run([], options, [bytes], transferSyntax)
        else { return }
        var generous = limits
        generous.headerLength *= 4
        generous.valueLength *= 4
        generous.instanceLength *= 4
        generous.elementCount += 1
        guard let after = EncodingProperties.read(turned, transferSyntax, generous) else {
            throw PropertyViolation("the Data Set in UTF-8 is not readable")
        }
        let (wanted, found) = (FlatDataSet(before).text, FlatDataSet(after).text)
        try require(wanted == found, "in UTF-8 \(found) instead of \(wanted)")
    }

    /// Whether the edit touches the element in front, or leaves to the reader what an element is.
    private static func concernsEncoding(_ edit: AttributeEdit) -> Bool {
        let isEarly = edit.path.names.contains { name in
            guard let tag = name.tag else { return false }
            return tag <= first.tag || tag.isPrivateCreator || tag.rawValue == 0x0008_0001
        }
        if case .set(.text(_, .some(.un))) = edit.action { return true }
        return isEarly
    }

    private static func run(
        _ edits: [AttributeEdit],
        _ options: EditOptions,
        _ pieces: [ByteBuffer],
        _ transferSyntax: TransferSyntax
    ) -> Result<ByteBuffer, EditError> {
        Result { () throws(EditError) in
            var editor = DataSetEditor(edits, options: options, transferSyntax: transferSyntax, limits: limits)
            for piece in pieces { try editor.append(piece) }
            var patcher = DataSetPatcher(try editor.finish().patch)
            var result = ByteBuffer()
            for piece in pieces {
                for patched in patcher.patch(piece) { result.writeImmutableBuffer(patched) }
            }
            for patched in try patcher.finish() { result.writeImmutableBuffer(patched) }
            return result
        }
    }
}

/// A Data Set as lines, without what an edit changes on the way: lengths of groups, and where bulk stands.
private struct FlatDataSet {
    private(set) var lines: [String] = []
    private(set) var text: [String] = []

    init(_ dataSet: DataSet) {
        var pending = [(path: "", dataSet: dataSet, outer: SpecificCharacterSet.ascii)]
        while let next = pending.popLast() {
            let characterSet = next.dataSet.specificCharacterSet(inheriting: next.outer)
            for element in next.dataSet.elements where !Self.isLength(element.tag) {
                let path = next.path + element.tag.description
                switch element.value {
                case .items(let items):
                    lines.append("\(path) \(items.count) items")
                    for (position, item) in items.enumerated() {
                        pending.append((path + "[\(position)]", item, characterSet))
                    }
                case .bulk(let bulk): lines.append("\(path) \(element.vr.name) \(bulk.length) bytes")
                case .bytes(let bytes) where element.tag.group == 0x7FE0:
                    lines.append("\(path) \(element.vr.name) \(bytes.readableBytes) bytes")
                case .bytes(let bytes):
                    lines.append("\(path) \(element.vr.name) \(Array(bytes.readableBytesView))")
                    if element.vr.isText, element.tag != .specificCharacterSet {
                        text.append("\(path) \(element.strings(characterSet))")
                    }
                }
            }
        }
        lines.sort()
        text.sort()
    }

    private static func isLength(_ tag: Tag) -> Bool {
        tag.isGroupLength || tag.rawValue == 0x0008_0001
    }
}
