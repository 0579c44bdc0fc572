public import DICOMCore
public import NIOCore

/// Writes a Data Set as bytes.
///
/// Values are padded to even length, numbers swapped where the Transfer Syntax wants it, group lengths left out; a value
/// that is too long for its VR's length field becomes UN (PS3.5 6.2.2).
public struct DataSetEncoder: Sendable {
    /// How the end of sequences and items is told.
    public enum SequenceLengths: Sendable, Hashable {
        /// By lengths.
        case defined
        /// By delimiters.
        case undefined
    }

    /// A sequence that is being written; the outermost Data Set counts as the only item of one.
    private struct Open {
        let items: [DataSet]
        var item = 0
        var element = 0
        /// Where the lengths stand that are known at the end only.
        var sequenceStart: Int
        var itemStart: Int
    }

    private let sequenceLengths: SequenceLengths
    private var writer: ElementWriter
    private var open: [Open] = []

    private init(_ transferSyntax: TransferSyntax, _ sequenceLengths: SequenceLengths) {
        writer = ElementWriter(transferSyntax)
        self.sequenceLengths = sequenceLengths
    }

    /// The bytes of a Data Set.
    ///
    /// - Throws: `.notEncodable` for bulk that is not in memory.
    public static func encode(
        _ dataSet: DataSet,
        in transferSyntax: TransferSyntax,
        sequenceLengths: SequenceLengths = .defined
    ) throws(DataSetError) -> ByteBuffer {
        var encoder = DataSetEncoder(transferSyntax, sequenceLengths)
        try encoder.write(dataSet)
        guard transferSyntax.isDeflated else { return encoder.writer.bytes }
        guard var deflated = Deflater.deflate(encoder.writer.bytes, level: 6, isRaw: true) else {
            throw DataSetError(.notEncodable, at: 0)
        }
        if deflated.readableBytes % 2 == 1 { deflated.writeInteger(0 as UInt8) }
        return deflated
    }

    /// The bytes of the elements of one group with their Group Length in front, as a command set (PS3.7 6.3.1) and the
    /// File Meta Information (PS3.10 7.1) have it.
    ///
    /// - Throws: `.notEncodable` for bulk that is not in memory.
    public static func encodeGroup(
        _ group: UInt16,
        of dataSet: DataSet,
        in transferSyntax: TransferSyntax
    ) throws(DataSetError) -> ByteBuffer {
        let elements = DataSet(dataSet.elements.filter { $0.tag.group == group && !$0.tag.isGroupLength })
        var rest = DataSetEncoder(transferSyntax, .defined)
        try rest.write(elements)
        var encoder = DataSetEncoder(transferSyntax, .defined)
        let length = UInt32(rest.writer.bytes.readableBytes)
        encoder.writer.write(Tag(group: group, element: 0), .ul, ByteBuffer(integer: length, endianness: .little))
        encoder.writer.bytes.writeImmutableBuffer(rest.writer.bytes)
        return encoder.writer.bytes
    }

    private mutating func write(_ dataSet: DataSet) throws(DataSetError) {
        open = [Open(items: [dataSet], sequenceStart: 0, itemStart: 0)]
        while let current = open.last {
            let elements = current.items[current.item].elements
            guard current.element < elements.count else {
                endItem()
                continue
            }
            open[open.count - 1].element += 1
            let element = elements[current.element]
            switch element.value {
            case .items(let items): beginSequence(element.tag, items)
            case .bytes(let value) where element.vr == .sq && value.readableBytes == 0: beginSequence(element.tag, [])
            case .bytes where element.tag.isGroupLength: continue
            case .bytes(let value) where element.vr != .sq: writer.write(element.tag, element.vr, value)
            case .bytes, .bulk:
                throw DataSetError(.notEncodable, at: UInt64(writer.bytes.readableBytes), path: [element.tag])
            }
        }
    }

    private mutating func beginSequence(_ tag: Tag, _ items: [DataSet]) {
        writer.writeHeader(tag, .sq, length: undefinedOrZero)
        let start = writer.bytes.writerIndex
        guard !items.isEmpty else {
            endSequence(start: start)
            return
        }
        open.append(Open(items: items, sequenceStart: start, itemStart: start))
        beginItem()
    }

    private mutating func beginItem() {
        writer.writeMarker(.item, length: undefinedOrZero)
        open[open.count - 1].itemStart = writer.bytes.writerIndex
    }

    private mutating func endItem() {
        guard open.count > 1, let current = open.last else {
            open = []
            return
        }
        end(start: current.itemStart, delimiter: .itemDelimitationItem)
        guard current.item + 1 < current.items.count else {
            open.removeLast()
            endSequence(start: current.sequenceStart)
            return
        }
        open[open.count - 1].item += 1
        open[open.count - 1].element = 0
        beginItem()
    }

    private mutating func endSequence(start: Int) {
        end(start: start, delimiter: .sequenceDelimitationItem)
    }

    private mutating func end(start: Int, delimiter: Tag) {
        switch sequenceLengths {
        case .defined: writer.setLength(before: start)
        case .undefined: writer.writeMarker(delimiter, length: 0)
        }
    }

    private var undefinedOrZero: UInt32 { sequenceLengths == .undefined ? .max : 0 }
}
