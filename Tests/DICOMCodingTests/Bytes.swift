import DICOMCore
import NIOCore

@testable import DICOMCoding

/// Writes elements by hand, so that expected bytes do not come from the encoder under test.
struct Bytes {
    var buffer = ByteBuffer()

    /// An element in Explicit VR Little Endian.
    mutating func explicit(_ tag: UInt32, _ vr: String, _ value: [UInt8], length: UInt32? = nil) {
        self.tag(tag)
        buffer.writeString(vr)
        let length = length ?? UInt32(value.count)
        if VR(name: vr)?.hasLongLength ?? true {
            buffer.writeInteger(0 as UInt16)
            buffer.writeInteger(length, endianness: .little)
        } else {
            buffer.writeInteger(UInt16(truncatingIfNeeded: length), endianness: .little)
        }
        buffer.writeBytes(value)
    }

    /// An element with text, padded with a space, or NUL for UI.
    mutating func text(_ tag: UInt32, _ vr: String, _ value: String) {
        var bytes = Array(value.utf8)
        if bytes.count % 2 == 1 { bytes.append(vr == "UI" ? 0 : 0x20) }
        explicit(tag, vr, bytes)
    }

    /// An element in Implicit VR Little Endian.
    mutating func implicit(_ tag: UInt32, _ value: [UInt8], length: UInt32? = nil) {
        self.tag(tag)
        buffer.writeInteger(length ?? UInt32(value.count), endianness: .little)
        buffer.writeBytes(value)
    }

    /// An item, delimiter, or any other tag with a length.
    mutating func marker(_ tag: UInt32, length: UInt32) {
        self.tag(tag)
        buffer.writeInteger(length, endianness: .little)
    }

    mutating func tag(_ tag: UInt32) {
        buffer.writeInteger(UInt16(tag >> 16), endianness: .little)
        buffer.writeInteger(UInt16(tag & 0xFFFF), endianness: .little)
    }

    static let item: UInt32 = 0xFFFE_E000
    static let itemEnd: UInt32 = 0xFFFE_E00D
    static let sequenceEnd: UInt32 = 0xFFFE_E0DD
    static let undefined: UInt32 = 0xFFFF_FFFF

    /// The identity that an instance needs.
    mutating func identity() {
        text(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.7")
        text(0x0008_0018, "UI", "1.2.3.4")
        text(0x0020_000D, "UI", "1.2.3")
        text(0x0020_000E, "UI", "1.2.3.1")
    }
}

/// All tokens of bytes that come in pieces of one size.
func tokens(
    _ bytes: ByteBuffer,
    _ transferSyntax: TransferSyntax = .explicitVRLittleEndian,
    limits: DataSetLimits = DataSetLimits(),
    pieceLength: Int = .max
) throws(DataSetError) -> [DataSetToken] {
    var decoder = DataSetDecoder(transferSyntax: transferSyntax, limits: limits)
    return try tokens(bytes, by: &decoder, pieceLength: pieceLength)
}

/// All tokens that a decoder makes of bytes that come in pieces of one size.
func tokens(
    _ bytes: ByteBuffer,
    by decoder: inout DataSetDecoder,
    pieceLength: Int
) throws(DataSetError) -> [DataSetToken] {
    var found: [DataSetToken] = []
    var rest = bytes
    while rest.readableBytes > 0 {
        decoder.append(rest.readSlice(length: min(pieceLength, rest.readableBytes)) ?? ByteBuffer())
        while let token = try decoder.next() { found.append(token) }
    }
    try decoder.finish()
    while let token = try decoder.next() { found.append(token) }
    return found
}

/// What scanning makes of bytes that come in pieces of one size.
func scanned(
    _ bytes: ByteBuffer,
    _ transferSyntax: TransferSyntax = .explicitVRLittleEndian,
    limits: DataSetLimits = DataSetLimits(),
    pieceLength: Int = .max
) throws(DataSetError) -> ScannedInstance {
    var scanner = InstanceScanner(transferSyntax: transferSyntax, limits: limits)
    var rest = bytes
    while rest.readableBytes > 0 {
        try scanner.scan(rest.readSlice(length: min(pieceLength, rest.readableBytes)) ?? ByteBuffer())
    }
    return try scanner.finish()
}

/// Tokens without pieces of bulk, whose cutting follows the cutting of the input, and the bulk in one.
func normalised(_ tokens: [DataSetToken]) -> (tokens: [DataSetToken], bulk: [UInt8]) {
    var kept: [DataSetToken] = []
    var bulk: [UInt8] = []
    for token in tokens {
        if case .bulkBytes(let bytes) = token {
            bulk.append(contentsOf: bytes.readableBytesView)
        } else {
            kept.append(token)
        }
    }
    return (kept, bulk)
}
