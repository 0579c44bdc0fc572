import DICOMCoding
import DICOMCore
import NIOCore

/// What must hold for headers and frame indexes as the index keeps them.
enum StoredFormProperties {
    /// Whatever stands in an archive, reading it ends, and what could be read is written and read without change.
    static func checkHeaderArchive(_ body: ByteBuffer, limits: DataSetLimits) throws(PropertyViolation) {
        guard let header = readHeaderArchive(body, limits: limits) else { return }
        try checkRoundTrip(of: header, limits: limits)
    }

    /// The header in an archive whose bytes came without compression.
    static func readHeaderArchive(_ body: ByteBuffer, limits: DataSetLimits) -> DataSet? {
        var archive = ByteBuffer()
        archive.writeMultipleIntegers(UInt8(1), UInt32(body.readableBytes), endianness: .little)
        archive.writeImmutableBuffer(StoredDeflate.stream(of: body))
        return read(archive, limits)
    }

    /// A header is read back exactly, odd lengths and unknown Value Representations included.
    static func checkRoundTrip(of header: DataSet, limits: DataSetLimits) throws(PropertyViolation) {
        let archive: ByteBuffer
        do throws(DataSetError) {
            archive = try HeaderArchive.encode(header)
        } catch {
            throw PropertyViolation("a header is not written: \(error)")
        }
        guard let read = read(archive, limits) else { throw PropertyViolation("a written header is refused") }
        try require(read == header, "\(header) is read back as \(read)")
    }

    /// Whatever stands in a frame index, each frame has its ranges or none.
    static func checkFrameIndex(_ bytes: ByteBuffer) throws(PropertyViolation) {
        let index: FrameIndex
        do throws(DataSetError) {
            index = try FrameIndex(decoding: bytes)
        } catch {
            return
        }
        try require(index.encoded() == bytes, "a frame index is written in another way than it was read")
        for frameIndex in [-1, 0, 1, 2, 3, index.frameCount - 1, index.frameCount, .max] {
            let ranges = index.byteRanges(frameIndex: frameIndex)
            let isFrame = frameIndex >= 0 && frameIndex < index.frameCount
            try require(isFrame || ranges.isEmpty, "frame \(frameIndex) of \(index.frameCount) has ranges")
            try require((0...7).contains(index.firstBit(frameIndex: frameIndex)), "a bit beyond a byte")
            if let bits = index.bits(frameIndex: frameIndex) {
                try require(isFrame && bits.count > 0, "frame \(frameIndex) has bits \(bits)")
            }
        }
    }

    private static func read(_ archive: ByteBuffer, _ limits: DataSetLimits) -> DataSet? {
        do throws(DataSetError) {
            return try HeaderArchive.decode(archive, limits: limits)
        } catch {
            return nil
        }
    }
}

/// Deflate without compression (RFC 1951 3.2.4), which leaves the bytes of an input readable in the stream.
enum StoredDeflate {
    static func stream(of bytes: ByteBuffer) -> ByteBuffer {
        var rest = bytes
        var stream = ByteBuffer()
        repeat {
            let block = rest.readSlice(length: min(rest.readableBytes, Int(UInt16.max))) ?? ByteBuffer()
            let length = UInt16(block.readableBytes)
            let isLast: UInt8 = rest.readableBytes == 0 ? 1 : 0
            stream.writeMultipleIntegers(isLast, length, ~length, endianness: .little)
            stream.writeImmutableBuffer(block)
        } while rest.readableBytes > 0
        return stream
    }
}
