public import DICOMCore
public import NIOCore

/// Separates the header of a DICOM file from its Data Set while bytes come in pieces of any size.
///
/// Lenient as far as it is not ambiguous: the File Meta Information is read by its elements, whatever its group length
/// says, also without VRs and in Big Endian; preamble, prefix, and the whole header may be missing.
public struct Part10Decoder: Sendable {
    private enum State: Sendable {
        case start
        case elements
        case transferSyntax
        case done
    }

    /// How the File Meta Information is encoded; PS3.10 7.1 allows the first only.
    private enum Encoding: Sendable {
        case explicitLittleEndian
        case explicitBigEndian
        case implicitLittleEndian

        var endianness: Endianness { self == .explicitBigEndian ? .big : .little }
    }

    private static let prefix: [UInt8] = [0x44, 0x49, 0x43, 0x4D]
    private static let foreignOpenings: [[UInt8]] = [
        Array("MZ".utf8), Array("\u{7F}ELF".utf8), Array("#!".utf8), Array("PK".utf8), Array("%PDF".utf8),
        Array("<".utf8), [0xCF, 0xFA, 0xED, 0xFE], [0xCA, 0xFE, 0xBA, 0xBE],
    ]
    /// File Meta Information is some hundred bytes; Private Information (0002,0102) may be longer.
    private static let lengthLimit = 1 << 20
    /// Without VRs nothing but a short length tells an element from noise.
    private static let implicitLengthLimit: UInt32 = 1 << 10

    /// What stands before the Data Set; `nil` until all of it has come.
    public private(set) var header: Part10Header?
    /// What was odd so far; offsets count from the first byte of the file.
    public private(set) var quirks: [Quirk] = []

    private var state = State.start
    private var encoding: Encoding?
    private var buffer = ByteBuffer()
    private var offset: UInt64 = 0
    private var preamble: ByteBuffer?
    private var elements: [DataElement] = []
    private var groupLengthEnd: UInt64?
    private var metaStart: UInt64 = 0

    /// Begins at the first byte of a file.
    public init() {}

    /// Takes the next bytes of the file.
    ///
    /// - Returns: the bytes that belong to the Data Set; `nil` while the header is incomplete.
    /// - Throws: `.notDICOM`, `.badFileMetaInformation`, `.unknownValueRepresentation`, `.truncated`; offsets count from the
    ///   first byte of the file.
    public mutating func read(_ bytes: ByteBuffer) throws(DataSetError) -> ByteBuffer? {
        guard header == nil else { return bytes }
        // The first piece of a file often holds most of its pixels: it is not copied.
        if buffer.readableBytes == 0 { buffer = bytes } else { buffer.writeImmutableBuffer(bytes) }
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
        if state == .transferSyntax, buffer.readableBytes >= 8 || isEnd { try complete(isEnd: isEnd) }
        return state == .done ? buffer.readSlice(length: buffer.readableBytes) : nil
    }

    private mutating func begin() throws(DataSetError) {
        let bytes = buffer.readableBytesView
        if bytes.dropFirst(128).prefix(4).elementsEqual(Self.prefix) {
            preamble = buffer.readSlice(length: 128)
            if preamble.map(Self.isForeign) == true { note(.foreignPreamble) }
            skip(4)
            offset += 128
            state = .elements
        } else if bytes.prefix(4).elementsEqual(Self.prefix) {
            note(.missingPreamble)
            skip(4)
            state = .elements
        } else {
            note(.missingPreamble)
            note(.missingPrefix)
            // Group 0002 in front, or a Data Set without header.
            state = guessedEncoding() == nil ? .transferSyntax : .elements
        }
        metaStart = offset
    }

    /// How the element is encoded that stands next, if it is one of group 0002.
    private func guessedEncoding() -> Encoding? {
        let at = buffer.readerIndex
        guard let group = buffer.getInteger(at: at, endianness: .little, as: UInt16.self), buffer.readableBytes >= 8
        else { return nil }
        let hasLetters = Self.explicitVR(buffer) != nil
        if group == 2, hasLetters { return .explicitLittleEndian }
        if group == 0x0200, hasLetters { return .explicitBigEndian }
        let length = buffer.getInteger(at: at + 4, endianness: .little, as: UInt32.self) ?? .max
        return group == 2 && length <= Self.implicitLengthLimit ? .implicitLittleEndian : nil
    }

    /// Reads one element of group 0002.
    ///
    /// - Returns: whether another may follow that can be read now.
    private mutating func readElement(isEnd: Bool) throws(DataSetError) -> Bool {
        guard buffer.readableBytes >= 8 else {
            if isEnd { state = .transferSyntax }
            return false
        }
        let encoding = settledEncoding()
        let at = buffer.readerIndex
        let group = buffer.getInteger(at: at, endianness: encoding.endianness, as: UInt16.self) ?? 0
        let number = buffer.getInteger(at: at + 2, endianness: encoding.endianness, as: UInt16.self) ?? 0
        guard group == 2 else {
            state = .transferSyntax
            return false
        }
        let tag = Tag(group: group, element: number)
        let isImplicit = encoding == .implicitLittleEndian
        guard let vr = isImplicit ? DataElementDictionary.vr(of: tag) ?? .un : Self.explicitVR(buffer) else {
            throw DataSetError(.unknownValueRepresentation, at: offset, path: [tag])
        }
        let isLong = !isImplicit && vr.hasLongLength
        let headerLength = isLong ? 12 : 8
        let length: UInt32? =
            if isImplicit || isLong {
                buffer.getInteger(at: at + headerLength - 4, endianness: encoding.endianness, as: UInt32.self)
            } else {
                buffer.getInteger(at: at + 6, endianness: encoding.endianness, as: UInt16.self).map(UInt32.init)
            }
        guard let length else { return false }
        guard vr != .sq, offset + UInt64(length) - metaStart <= Self.lengthLimit else {
            throw DataSetError(.badFileMetaInformation, at: offset, path: [tag])
        }
        guard buffer.readableBytes >= headerLength + Int(length) else { return false }
        take(tag, vr, headerLength: headerLength, length: Int(length), encoding.endianness)
        return true
    }

    private mutating func take(_ tag: Tag, _ vr: VR, headerLength: Int, length: Int, _ endianness: Endianness) {
        skip(headerLength)
        let value = buffer.readSlice(length: length) ?? ByteBuffer()
        offset += UInt64(length)
        // Numbers in memory are little-endian whatever the source had.
        let bytes = endianness == .big ? DataSetDecoder.swapped(value, wordLength: vr.wordLength) : value
        elements.append(DataElement(tag: tag, vr: vr, value: .bytes(bytes)))
        if tag.isGroupLength {
            let declared = bytes.getInteger(at: bytes.readerIndex, endianness: .little, as: UInt32.self)
            groupLengthEnd = declared.map { offset + UInt64($0) }
        }
    }

    /// The encoding of all elements, told once from the first.
    private mutating func settledEncoding() -> Encoding {
        if let encoding { return encoding }
        let guessed = guessedEncoding() ?? .explicitLittleEndian
        switch guessed {
        case .explicitLittleEndian: break
        case .explicitBigEndian: note(.bigEndianFileMetaInformation)
        case .implicitLittleEndian: note(.implicitFileMetaInformation)
        }
        encoding = guessed
        return guessed
    }

    private mutating func complete(isEnd: Bool) throws(DataSetError) {
        let meta = FileMetaInformation(dataSet: DataSet(elements))
        if meta.dataSet[.transferSyntaxUID] != nil, meta.transferSyntax == nil {
            throw DataSetError(.badFileMetaInformation, at: offset, path: [.transferSyntaxUID])
        }
        let transferSyntax: TransferSyntax
        if let named = meta.transferSyntax {
            transferSyntax = named
        } else {
            switch TransferSyntaxGuess(buffer) {
            case .found(let guessed): transferSyntax = guessed
            case .none:
                // With a header it is a DICOM file, and then the default (PS3.5 10.1) is as good as any other.
                guard !elements.isEmpty, buffer.readableBytes >= 8 else { throw DataSetError(.notDICOM, at: offset) }
                transferSyntax = .implicitVRLittleEndian
            case .needs(let count):
                guard isEnd, buffer.readableBytes < count else { return }
                throw DataSetError(.notDICOM, at: offset)
            }
        }
        if elements.isEmpty {
            note(.missingFileMetaInformation)
        } else if groupLengthEnd != offset {
            quirks.append(Quirk(.wrongFileMetaInformationGroupLength, at: metaStart))
        }
        if meta.transferSyntax == nil { note(.guessedTransferSyntax) }
        header = Part10Header(
            preamble: preamble,
            fileMetaInformation: meta,
            transferSyntax: transferSyntax,
            dataSetOffset: offset,
            quirks: quirks
        )
        state = .done
    }

    private mutating func note(_ kind: Quirk.Kind) {
        quirks.append(Quirk(kind, at: offset))
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
}
