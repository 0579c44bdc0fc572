import NIOCore

/// TLM: how long tile-parts are, said in the main header (ISO/IEC 15444-1 A.7.1).
///
/// PS3.5 10.18 demands it of HTJ2K Lossless RPCL; the library that encodes leaves it out.
enum TileLengthMarker {
    /// The codestream with the marker before its first tile-part.
    ///
    /// - Throws: `.notEncodable` when it is not a codestream of one tile-part, such as our encoder makes.
    static func inserted(into codestream: ByteBuffer) throws(PixelError) -> ByteBuffer {
        guard let (at, length) = firstTilePart(of: codestream) else {
            throw PixelError(.notEncodable, "no tile-part in what was encoded")
        }
        var output = ByteBufferAllocator().buffer(capacity: codestream.readableBytes + 14)
        output.writeImmutableBuffer(codestream.getSlice(at: codestream.readerIndex, length: at) ?? ByteBuffer())
        output.writeInteger(UInt16(0xFF55))
        output.writeInteger(UInt16(10))
        // The first marker of its kind; tile numbers of 16 bits, lengths of 32.
        output.writeInteger(UInt8(0))
        output.writeInteger(UInt8(0x60))
        output.writeInteger(UInt16(0))
        output.writeInteger(length)
        var rest = codestream
        rest.moveReaderIndex(forwardBy: at)
        output.writeImmutableBuffer(rest)
        return output
    }

    /// Where the first SOT is from the first byte, and the length of its tile-part.
    private static func firstTilePart(of codestream: ByteBuffer) -> (at: Int, length: UInt32)? {
        var cursor = codestream
        guard cursor.readInteger(as: UInt16.self) == 0xFF4F else { return nil }
        while let marker = cursor.readInteger(as: UInt16.self), let length = cursor.readInteger(as: UInt16.self) {
            let at = codestream.readableBytes - cursor.readableBytes - 4
            if marker == 0xFF90 {
                guard let part = cursor.getInteger(at: cursor.readerIndex + 2, as: UInt32.self) else { return nil }
                // Behind it, EOC and nothing else: there is no second one.
                let rest = codestream.readableBytes - at
                if part == 0 { return UInt32(exactly: rest - 2).map { (at, $0) } }
                return Int(part) + 2 == rest ? (at, part) : nil
            }
            guard length >= 2, cursor.readableBytes >= Int(length) - 2 else { return nil }
            cursor.moveReaderIndex(forwardBy: Int(length) - 2)
        }
        return nil
    }
}
