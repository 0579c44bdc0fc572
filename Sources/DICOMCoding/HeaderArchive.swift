public import DICOMCore
public import NIOCore

/// A header as it is kept in the index: all elements with their values, bulk as references, compressed.
///
/// What is read is equal to what was written, odd lengths and unknown Value Representations included, which no Transfer
/// Syntax promises. Format, version 1, little endian: version (1 byte), length of the body (4), the body as a raw deflate
/// stream. Body: a Data Set is its number of elements (4), then each element: tag (4), VR (2, its letters), kind (1), and
///
/// - kind 0, a value: length (4), bytes;
/// - kind 1, a sequence: number of items (4), a Data Set each;
/// - kind 2 and 3, bulk, native and encapsulated: offset (8), length (8).
public enum HeaderArchive {
    static let version: UInt8 = 1
    static let prefixLength = 5
    // Headers are written once and read often; level 1 takes a third of the time of level 6 for a tenth more bytes.
    private static let level: Int32 = 1

    private struct Open {
        let items: [DataSet]
        var item = 0
        var element = 0
    }

    /// The stored form of a header.
    ///
    /// - Throws: `.notEncodable` when it has 4 GiB or more.
    public static func encode(_ header: DataSet) throws(DataSetError) -> ByteBuffer {
        let body = body(header)
        guard let deflated = Deflater.deflate(body, level: level, isRaw: true) else {
            throw DataSetError(.notEncodable, at: 0)
        }
        var bytes = ByteBufferAllocator().buffer(capacity: prefixLength + deflated.readableBytes)
        bytes.writeInteger(version)
        bytes.writeInteger(UInt32(body.readableBytes), endianness: .little)
        bytes.writeImmutableBuffer(deflated)
        return bytes
    }

    /// The header of a stored form.
    ///
    /// - Throws: `.badArchive` for another version or damage; the code of the limit that it exceeds.
    public static func decode(
        _ bytes: ByteBuffer,
        limits: DataSetLimits = .stored
    ) throws(DataSetError) -> DataSet {
        try ArchivedHeader(bytes, limits: limits).dataSet()
    }

    static func body(_ header: DataSet) -> ByteBuffer {
        var bytes = ByteBufferAllocator().buffer(capacity: 4 << 10)
        var open = [Open(items: [header])]
        bytes.writeInteger(UInt32(header.elements.count), endianness: .little)
        while let current = open.last {
            let elements = current.items[current.item].elements
            guard current.element < elements.count else {
                guard current.item + 1 < current.items.count else {
                    open.removeLast()
                    continue
                }
                open[open.count - 1].item += 1
                open[open.count - 1].element = 0
                bytes.writeInteger(
                    UInt32(current.items[current.item + 1].elements.count),
                    endianness: .little
                )
                continue
            }
            open[open.count - 1].element += 1
            let element = elements[current.element]
            write(element, into: &bytes)
            if let first = element.items.first {
                open.append(Open(items: element.items))
                bytes.writeInteger(UInt32(first.elements.count), endianness: .little)
            }
        }
        return bytes
    }

    /// Writes an element, of a sequence all but the items.
    private static func write(_ element: DataElement, into bytes: inout ByteBuffer) {
        bytes.writeInteger(element.tag.rawValue, endianness: .little)
        bytes.writeInteger(element.vr.rawValue, endianness: .big)
        switch element.value {
        case .bytes(let value):
            bytes.writeInteger(0 as UInt8)
            bytes.writeInteger(UInt32(value.readableBytes), endianness: .little)
            bytes.writeImmutableBuffer(value)
        case .items(let items):
            bytes.writeInteger(1 as UInt8)
            bytes.writeInteger(UInt32(items.count), endianness: .little)
        case .bulk(let bulk):
            bytes.writeInteger(bulk.isEncapsulated ? 3 : 2 as UInt8)
            bytes.writeInteger(bulk.offset, endianness: .little)
            bytes.writeInteger(bulk.length, endianness: .little)
        }
    }
}

/// Reads the body of a header archive; trusts no count in it.
struct HeaderBodyParser {
    /// A Data Set that is being read, and the items that follow it in its sequence.
    private struct Open {
        var elementsLeft: UInt32
        var itemsLeft: UInt32
    }

    private var body: ByteBuffer
    private let limits: DataSetLimits
    private var tree = DataSetTree()
    private var open: [Open] = []
    private var elementCount = 0

    init(body: ByteBuffer, limits: DataSetLimits) {
        self.body = body
        self.limits = limits
    }

    mutating func dataSet() throws(DataSetError) -> DataSet {
        open = [Open(elementsLeft: try read(), itemsLeft: 0)]
        while let current = open.last {
            if current.elementsLeft > 0 {
                open[open.count - 1].elementsLeft -= 1
                try readElement()
            } else if open.count == 1 {
                open.removeLast()
            } else {
                try endItem(current)
            }
        }
        guard body.readableBytes == 0 else { throw damage }
        return tree.dataSet()
    }

    private mutating func endItem(_ current: Open) throws(DataSetError) {
        tree.endItem()
        guard current.itemsLeft > 0 else {
            open.removeLast()
            tree.endSequence()
            return
        }
        tree.beginItem()
        open[open.count - 1] = Open(elementsLeft: try read(), itemsLeft: current.itemsLeft - 1)
        try count()
    }

    private mutating func readElement() throws(DataSetError) {
        try count()
        let tag = Tag(rawValue: try read())
        guard let letters = body.readInteger(endianness: .big, as: UInt16.self), let vr = VR(rawValue: letters),
            let kind = body.readInteger(as: UInt8.self)
        else { throw damage }
        switch kind {
        case 0:
            let length: UInt32 = try read()
            guard let value = body.readSlice(length: Int(length)) else { throw damage }
            tree.add(DataElement(tag: tag, vr: vr, value: .bytes(value)))
        case 1:
            let items: UInt32 = try read()
            tree.beginSequence(tag)
            guard items > 0 else {
                tree.endSequence()
                return
            }
            guard open.count <= limits.depth else { throw DataSetError(.nestedTooDeep, at: UInt64(body.readerIndex)) }
            tree.beginItem()
            open.append(Open(elementsLeft: try read(), itemsLeft: items - 1))
            try count()
        case 2, 3:
            let offset: UInt64 = try read()
            let length: UInt64 = try read()
            let bulk = BulkValue(offset: offset, length: length, isEncapsulated: kind == 3)
            tree.add(DataElement(tag: tag, vr: vr, value: .bulk(bulk)))
        default:
            throw damage
        }
    }

    private mutating func count() throws(DataSetError) {
        elementCount += 1
        guard elementCount <= limits.elementCount else {
            throw DataSetError(.tooManyElements, at: UInt64(body.readerIndex))
        }
    }

    private mutating func read<Word: FixedWidthInteger>() throws(DataSetError) -> Word {
        guard let word = body.readInteger(endianness: .little, as: Word.self) else { throw damage }
        return word
    }

    private var damage: DataSetError { DataSetError(.badArchive, at: UInt64(body.readerIndex)) }
}
