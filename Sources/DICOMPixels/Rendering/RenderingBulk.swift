public import DICOMCore
public import NIOCore

/// The bulk that rendering needs: tables, overlays and profiles of a header that are only references to the stored object.
///
/// A caller reads what `values(in:)` names, and puts it in its place.
public enum RenderingBulk {
    /// Longer values are left as references, and what they would have shown is not shown.
    private static let lengthLimit: UInt64 = 64 << 20
    /// Of all together; those beyond it are left, too.
    ///
    /// Every frame may have tables of its own.
    private static let totalLimit: UInt64 = 256 << 20
    /// Sequence, and the sequences in its items, that hold such values.
    private static let sequences: [Tag] = [
        .modalityLUTSequence, .voilutSequence, .softcopyVOILUTSequence, .presentationLUTSequence, .opticalPathSequence,
        .sharedFunctionalGroupsSequence, .perFrameFunctionalGroupsSequence, .frameVOILUTSequence,
        .pixelValueTransformationSequence,
    ]
    /// Functional groups, the macro, its sequence of tables; and one more.
    private static let depth = 4

    /// The references of a header, or of a Presentation State, that have to be read.
    public static func values(in header: DataSet) -> [BulkValue] {
        var found: [BulkValue] = []
        var total: UInt64 = 0
        _ = replacing(header, depth: depth) { bulk, _ in
            // Each is within its own limit, so that this cannot overflow.
            guard total + bulk.length <= totalLimit else { return nil }
            total += bulk.length
            found.append(bulk)
            return nil
        }
        return found
    }

    /// The header with the bytes of those values in their places.
    ///
    /// - Parameters:
    ///   - values: as they stand in the stored object.
    ///   - isBigEndian: whether the stored object's numbers are big-endian.
    public static func filled(
        _ header: DataSet,
        with values: [BulkValue: ByteBuffer],
        isBigEndian: Bool = false
    ) -> DataSet {
        replacing(header, depth: depth) { bulk, vr in
            guard let bytes = values[bulk] else { return nil }
            return isBigEndian && vr.wordLength == 2 ? NativeWords.swapped(bytes) : bytes
        } ?? header
    }

    /// The header with all that rendering needs in it.
    ///
    /// - Parameter read: Reads a range of the Data Set.
    public static func filled(
        _ header: DataSet,
        isBigEndian: Bool,
        read: (Range<UInt64>) async throws -> ByteBuffer
    ) async rethrows -> DataSet {
        var values: [BulkValue: ByteBuffer] = [:]
        for value in self.values(in: header) {
            let (end, overflow) = value.offset.addingReportingOverflow(value.length)
            guard !overflow, !value.isEncapsulated else { continue }
            values[value] = try await read(value.offset..<end)
        }
        return filled(header, with: values, isBigEndian: isBigEndian)
    }

    static func isNeeded(_ tag: Tag) -> Bool {
        switch tag {
        case .lutData, .iccProfile, .redPaletteColorLookupTableData, .greenPaletteColorLookupTableData,
            .bluePaletteColorLookupTableData, .segmentedRedPaletteColorLookupTableData,
            .segmentedGreenPaletteColorLookupTableData, .segmentedBluePaletteColorLookupTableData:
            true
        default: tag.element == 0x3000 && Overlay.groups.contains(tag.group)
        }
    }

    // As deep as `depth` says, whatever the header holds; `nil` when nothing is replaced, as in most of many frames' items.
    private static func replacing(
        _ dataSet: DataSet,
        depth: Int,
        _ replacement: (BulkValue, VR) -> ByteBuffer?
    ) -> DataSet? {
        var result: DataSet?
        func set(_ element: DataElement, _ value: DataElement.Value) {
            var changed = result ?? dataSet
            result = nil
            changed.set(DataElement(tag: element.tag, vr: element.vr, value: value))
            result = changed
        }
        for element in dataSet.elements {
            switch element.value {
            case .bulk(let bulk) where isNeeded(element.tag) && bulk.length <= lengthLimit:
                guard let bytes = replacement(bulk, element.vr) else { continue }
                set(element, .bytes(bytes))
            case .items(let items) where depth > 0 && sequences.contains(element.tag):
                let filled = items.map { replacing($0, depth: depth - 1, replacement) }
                guard filled.contains(where: { $0 != nil }) else { continue }
                set(element, .items(zip(items, filled).map { $1 ?? $0 }))
            default: continue
            }
        }
        return result
    }
}

extension FrameRenderer {
    /// The outermost elements whose value is only a reference and that rendering needs: palette, overlays, ICC Profile.
    ///
    /// ``RenderingBulk/values(in:)`` names those in sequences too.
    public static func neededBulk(in header: DataSet, presentationState: DataSet? = nil) -> [Tag] {
        let tags = [header, presentationState].compactMap { $0 }.flatMap { dataSet in
            dataSet.elements.filter { element in
                if case .bulk = element.value { RenderingBulk.isNeeded(element.tag) } else { false }
            }.map(\.tag)
        }
        return Set(tags).sorted()
    }
}
