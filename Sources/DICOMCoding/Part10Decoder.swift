public import DICOMCore
public import NIOCore

/// Separates the header of a DICOM file from its Data Set while bytes come in pieces of any size.
///
/// Lenient as far as it is not ambiguous: the File Meta Information is read by its elements, whatever its group length
/// says; preamble, prefix, and the whole header may be missing.
public struct Part10Decoder: Sendable {
    private enum State: Sendable {
        case start
        case elements
        case transferSyntax
        case done
    }

    private static let prefix: [UInt8] = [0x44, 0x49, 0x43, 0x4D]
    private static let foreignOpenings: [[UInt8]] = [
        Array("MZ".utf8), Array("\u{7F}ELF".utf8), Array("#!".utf8), Array("PK".utf8), Array("%PDF".utf8),
        Array("<".utf8), [0xCF, 0xFA, 0xED, 0xFE], [0xCA, 0xFE, 0xBA, 0xBE],
    ]
    /// File Meta Information is some hundred bytes; Private Information (0002,0102) may be longer.
    private static let lengthLimit = 1 << 20

    /// What stands before the Data Set; `nil` until all of it has come.
    public private(set) var header: Part10Header?

    private var state = State.start
    private var buffer = ByteBuffer()
    private var offset: UInt64 = 0
    private var preamble: ByteBuffer?
    private var elements: [DataElement] = []
    private var groupLengthEnd: UInt64?
    private var metaStart: UInt64 = 0
    private var deviations: Set<Part10Header.Deviation> = []

    /// Begins at the first byte of a file.
    public init() {}

    /// Takes the next bytes of the file.
    ///
    /// - Returns: the bytes that belong to the Data Set; `nil` while the header is incomplete.
    /// - Throws: `.notDICOM`, `.badFileMetaInformation`, `.unknownValueRepresentation`, `.truncated`; offsets count from the
    ///   first byte of the file.
    public mutating func read(_ bytes: ByteBuffer) throws(DataSetError) -> ByteBuffer? {
        guard header == nil else { return bytes }
        buffer.writeImmutableBuffer(bytes)
        return try advance(isEnd: false)
    }

    /// Tells that no more bytes come.
    ///
    /// - Returns: bytes of the Data Set that `read` has not returned: those of a file shorter than a header.
    /// - Throws: as `read`; `.truncated` when the file ends inside the header.
    public mutating func finish() throws(DataSetError) -> ByteBuffer? {
        guard header == nil else { return nil }
        let rest = try advance(isEnd: true)
        guard header != nil else { throw DataSetError(.truncated, at: offset) }
        return rest
    }

    private mutating func advance(isEnd: Bool) throws(DataSetError) -> ByteBuffer? {
        if state == .start, buffer.readableBytes >= 132 || isEnd { try begin() }
        while state == .elements, try readElement(isEnd: isEnd) {}
        if state == .transferSyntax, buffer.readableBytes >= 8 || isEnd { try complete() }
        return state == .done ? buffer.readSlice(length: buffer.readableBytes) : nil
    }

    private mutating func begin() throws(DataSetError) {
        let bytes = buffer.readableBytesView
        if bytes.dropFirst(128).prefix(4).elementsEqual(Self.prefix) {
            preamble = buffer.readSlice(length: 128)
            if preamble.map(Self.isForeign) == true { deviations.insert(.foreignPreamble) }
            skip(4)
            offset += 128
            state = .elements
        } else if bytes.prefix(4).elementsEqual(Self.prefix) {
            skip(4)
            deviations.insert(.noPreamble)
            state = .elements
        } else {
            deviations.formUnion([.noPreamble, .noPrefix])
            // Group 0002 in front, or a Data Set without header.
            let isMeta = bytes.prefix(2).elementsEqual([2, 0]) && Self.explicitVR(buffer) != nil
            state = isMeta ? .elements : .transferSyntax
        }
        metaStart = offset
    }

    /// Reads one element of group 0002.
    ///
    /// - Returns: whether another may follow that can be read now.
    private mutating func readElement(isEnd: Bool) throws(DataSetError) -> Bool {
        guard buffer.readableBytes >= 8 else {
            if isEnd { state = .transferSyntax }
            return false
        }
        let group = buffer.getInteger(at: buffer.readerIndex, endianness: .little, as: UInt16.self) ?? 0
        let number = buffer.getInteger(at: buffer.readerIndex + 2, endianness: .little, as: UInt16.self) ?? 0
        guard group == 2 else {
            state = .transferSyntax
            return false
        }
        let tag = Tag(group: group, element: number)
        guard let vr = Self.explicitVR(buffer) else {
            throw DataSetError(.unknownValueRepresentation, at: offset, path: [tag])
        }
        let headerLength = vr.hasLongLength ? 12 : 8
        let at = buffer.readerIndex
        let shortLength = buffer.getInteger(at: at + 6, endianness: .little, as: UInt16.self).map(UInt32.init)
        let longLength = buffer.getInteger(at: at + 8, endianness: .little, as: UInt32.self)
        guard let length = vr.hasLongLength ? longLength : shortLength else { return false }
        guard vr != .sq, offset + UInt64(length) - metaStart <= Self.lengthLimit else {
            throw DataSetError(.badFileMetaInformation, at: offset, path: [tag])
        }
        guard buffer.readableBytes >= headerLength + Int(length) else { return false }
        skip(headerLength)
        let value = buffer.readSlice(length: Int(length)) ?? ByteBuffer()
        offset += UInt64(length)
        elements.append(DataElement(tag: tag, vr: vr, value: .bytes(value)))
        if tag.isGroupLength {
            let declared = value.getInteger(at: value.readerIndex, endianness: .little, as: UInt32.self)
            groupLengthEnd = declared.map { offset + UInt64($0) }
        }
        return true
    }

    private mutating func complete() throws(DataSetError) {
        let meta = FileMetaInformation(dataSet: DataSet(elements))
        if elements.isEmpty {
            deviations.insert(.noFileMetaInformation)
        } else if groupLengthEnd != offset {
            deviations.insert(.wrongGroupLength)
        }
        if meta.dataSet[.transferSyntaxUID] != nil, meta.transferSyntax == nil {
            throw DataSetError(.badFileMetaInformation, at: offset, path: [.transferSyntaxUID])
        }
        let transferSyntax: TransferSyntax
        if let named = meta.transferSyntax {
            transferSyntax = named
        } else {
            guard let guessed = Self.guess(buffer) else { throw DataSetError(.notDICOM, at: offset) }
            transferSyntax = guessed
            deviations.insert(.guessedTransferSyntax)
        }
        header = Part10Header(
            preamble: preamble,
            fileMetaInformation: meta,
            transferSyntax: transferSyntax,
            dataSetOffset: offset,
            deviations: deviations
        )
        state = .done
    }

    private mutating func skip(_ count: Int) {
        buffer.moveReaderIndex(forwardBy: count)
        offset += UInt64(count)
    }

    /// Whether the bytes begin like what other software runs or opens; of TIFF, which PS3.10 7.1 itself names, they may.
    private static func isForeign(_ preamble: ByteBuffer) -> Bool {
        foreignOpenings.contains { preamble.readableBytesView.starts(with: $0) }
    }

    private static func explicitVR(_ bytes: ByteBuffer) -> VR? {
        bytes.getInteger(at: bytes.readerIndex + 4, endianness: .big, as: UInt16.self).flatMap { VR(rawValue: $0) }
    }

    /// The uncompressed Transfer Syntax that the first element is written in; `nil` when it is no element of a Data Set.
    private static func guess(_ bytes: ByteBuffer) -> TransferSyntax? {
        let at = bytes.readerIndex
        guard let group = bytes.getInteger(at: at, endianness: .little, as: UInt16.self),
            let number = bytes.getInteger(at: at + 2, endianness: .little, as: UInt16.self),
            let length = bytes.getInteger(at: at + 4, endianness: .little, as: UInt32.self)
        else { return nil }
        // A Data Set begins with a low group: 0008, seldom one of those below or 0010.
        if explicitVR(bytes) != nil {
            if (0x0004...0x0020).contains(group) { return .explicitVRLittleEndian }
            return (0x0004...0x0020).contains(group.byteSwapped) ? .explicitVRBigEndian : nil
        }
        let tag = Tag(group: group, element: number)
        let isPlausible = (0x0004...0x0020).contains(group) && DataElementDictionary.vr(of: tag) != nil
        return isPlausible && (length <= 1 << 16 || length == .max) ? .implicitVRLittleEndian : nil
    }
}
