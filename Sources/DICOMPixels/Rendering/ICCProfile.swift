public import NIOCore

/// Puts the ICC Profile of an object into files that can hold one.
public enum ICCProfile {
    private static let name: [UInt8] = Array("ICC_PROFILE".utf8) + [0]
    /// A marker segment has 65,533 bytes, of which the name and two numbers take 14 (ICC.1 Annex B.4).
    private static let pieceLength = 65_519

    /// The JPEG file with the profile in APP2 segments, behind SOI and APP0.
    ///
    /// A profile of more than 255 segments, and bytes that are no JPEG, stay without.
    public static func insert(_ profile: ByteBuffer, intoJPEG jpeg: ByteBuffer) -> ByteBuffer {
        let count = (profile.readableBytes + pieceLength - 1) / pieceLength
        var rest = jpeg
        guard (1...255).contains(count), rest.readInteger(as: UInt16.self) == 0xFFD8 else { return jpeg }
        var result = ByteBufferAllocator().buffer(capacity: jpeg.readableBytes + profile.readableBytes + count * 18)
        result.writeInteger(UInt16(0xFFD8))
        // JFIF wants to be first.
        let at = rest.readerIndex
        if rest.getInteger(at: at, as: UInt16.self) == 0xFFE0,
            let length = rest.getInteger(at: at + 2, as: UInt16.self),
            let segment = rest.readSlice(length: 2 + Int(length))
        {
            result.writeImmutableBuffer(segment)
        }
        var pieces = profile
        for number in 1...count {
            guard let piece = pieces.readSlice(length: min(pieceLength, pieces.readableBytes)) else { return jpeg }
            result.writeInteger(UInt16(0xFFE2))
            result.writeInteger(UInt16(2 + name.count + 2 + piece.readableBytes))
            result.writeBytes(name)
            result.writeInteger(UInt8(number))
            result.writeInteger(UInt8(count))
            result.writeImmutableBuffer(piece)
        }
        result.writeImmutableBuffer(rest)
        return result
    }
}
