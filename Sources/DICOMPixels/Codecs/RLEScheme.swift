import DICOMCore
import NIOCore

/// RLE Lossless (PS3.5 G): one PackBits segment for each byte of a sample, the most significant first, plane by plane.
enum RLEScheme: FrameScheme {
    static func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat,
        limits: PixelLimits
    ) throws(PixelError) -> PixelFrame {
        let decoded = try format.decoded(from: transferSyntax)
        guard format.bitsAllocated > 1 else { return try PixelFrame(decoded, RLEMask.decode(encoded, as: decoded)) }
        let planes = try BytePlanes(decoded)
        let segments = try RLESegments(encoded, count: planes.count)
        var result = ByteBuffer()
        var isComplete = true
        if planes.count == 1 {
            // A buffer of one plane, which `unpack` does not leave.
            unsafe result.writeWithUnsafeMutableBytes(minimumWritableBytes: planes.length) { target in
                // The only segment is inside the frame.
                unsafe encoded.withUnsafeReadableBytes { source in
                    // As above.
                    let segment = unsafe UnsafeRawBufferPointer(rebasing: source[segments.ranges[0]])
                    // As above.
                    let plane = unsafe UnsafeMutableRawBufferPointer(rebasing: target[..<planes.length])
                    // As above.
                    isComplete = unsafe PackBits.unpack(segment, into: plane)
                }
                return planes.length
            }
        } else {
            // All planes, then merged: runs are copied at once, which is many times faster than byte by byte in strides.
            let all = unsafe [UInt8](unsafeUninitializedCapacity: planes.totalLength) { target, count in
                // Segments are inside the frame, planes inside the array.
                unsafe encoded.withUnsafeReadableBytes { source in
                    for (index, range) in segments.ranges.enumerated() where isComplete {
                        // As above.
                        let segment = unsafe UnsafeRawBufferPointer(rebasing: source[range])
                        let place = index * planes.length..<(index + 1) * planes.length
                        // As above.
                        let plane = unsafe UnsafeMutableRawBufferPointer(
                            rebasing: UnsafeMutableRawBufferPointer(target)[place]
                        )
                        // As above.
                        isComplete = unsafe PackBits.unpack(segment, into: plane)
                    }
                }
                count = isComplete ? planes.totalLength : 0
            }
            if isComplete { result = planes.merge(all) }
        }
        guard isComplete else { throw PixelError(.malformed, "an RLE segment ends before its plane is full") }
        return try PixelFrame(decoded, result)
    }

    static func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions
    ) throws(PixelError) -> ByteBuffer {
        let format = frame.format
        let planes: BytePlanes
        do {
            planes = try BytePlanes(format)
        } catch {
            throw PixelError(.notEncodable, error.detail, tag: error.tag)
        }
        let all = planes.split(frame.bytes)
        let rowLength = format.columns
        // Each row is encoded by itself (PS3.5 G.3.1).
        let rowCount = format.rows
        // A row of literals has one byte more for each 128.
        let worst = rowCount * (rowLength + (rowLength + 127) / 128) + 1
        var result = ByteBufferAllocator().buffer(capacity: RLESegments.headerLength + all.count)
        result.writeInteger(UInt32(planes.count), endianness: .little)
        result.writeRepeatingByte(0, count: RLESegments.headerLength - 4)
        for index in 0..<planes.count {
            let (offset, isTooLong) = UInt32(exactly: result.readableBytes).map { ($0, false) } ?? (0, true)
            guard !isTooLong else { throw PixelError(.tooLarge, "RLE segments beyond 4 GiB") }
            result.setInteger(offset, at: result.readerIndex + 4 * (index + 1), endianness: .little)
            // At most `worst` bytes are written, and the plane's bytes are read.
            unsafe result.writeWithUnsafeMutableBytes(minimumWritableBytes: worst) { target in
                // As above.
                unsafe all.withUnsafeBytes { source in
                    let plane = unsafe source[index * planes.length..<(index + 1) * planes.length]
                    var used = 0
                    for row in 0..<rowCount {
                        // As above.
                        let bytes = unsafe UnsafeRawBufferPointer(
                            rebasing: plane[
                                plane.startIndex + row * rowLength..<plane.startIndex + (row + 1) * rowLength
                            ]
                        )
                        // As above.
                        used += unsafe PackBits.pack(
                            bytes,
                            into: UnsafeMutableRawBufferPointer(rebasing: target[used...])
                        )
                    }
                    return used
                }
            }
            // The header has an even length, so an odd end is an odd segment (PS3.5 G.4).
            result.padToEven()
        }
        return result
    }
}
