import CZlib
public import NIOCore

/// Writes pictures as PNG (ISO/IEC 15948): grey or RGB, 8 or 16 bits, with the ICC Profile.
public enum PNGWriter {
    /// The whole file.
    ///
    /// - Throws: `.notEncodable` when zlib is out of memory.
    public static func png(_ image: RenderedImage) throws(PixelError) -> ByteBuffer {
        var file = ByteBufferAllocator().buffer(capacity: image.bytes.readableBytes / 2 + 4_096)
        file.writeBytes([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        var header = ByteBuffer()
        header.writeInteger(UInt32(image.width))
        header.writeInteger(UInt32(image.height))
        // Depth, colour type, and deflate, adaptive filters, no interlace.
        header.writeBytes([UInt8(image.bitsPerSample), image.channels == 3 ? 2 : 0, 0, 0, 0])
        append("IHDR", header, to: &file)
        if let profile = image.iccProfile {
            var chunk = ByteBuffer(string: "ICC Profile")
            chunk.writeBytes([0, 0])
            var deflater = try ZlibStream(level: 6)
            chunk.writeImmutableBuffer(try deflater.deflate(Array(profile.readableBytesView), isLast: true))
            append("iCCP", chunk, to: &file)
        }
        try appendRows(of: image, to: &file)
        append("IEND", ByteBuffer(), to: &file)
        return file
    }

    /// How many bytes of filtered rows are compressed at a time.
    private static let pieceLength = 256 << 10
    /// Faster than zlib's own choice by half, for some percent of length.
    private static let level: Int32 = 4

    private static func appendRows(of image: RenderedImage, to file: inout ByteBuffer) throws(PixelError) {
        var filter = PNGRowFilter(
            rowLength: image.width * image.channels * image.bitsPerSample / 8,
            pixelLength: image.channels * image.bitsPerSample / 8,
            isWide: image.bitsPerSample == 16
        )
        var deflater = try ZlibStream(level: level)
        var pending: [UInt8] = []
        pending.reserveCapacity(pieceLength + filter.rowLength + 1)
        for row in 0..<image.height {
            filter.append(image.bytes, row: row, to: &pending)
            guard pending.count >= pieceLength else { continue }
            let bytes = try deflater.deflate(pending, isLast: false)
            if bytes.readableBytes > 0 { append("IDAT", bytes, to: &file) }
            pending.removeAll(keepingCapacity: true)
        }
        append("IDAT", try deflater.deflate(pending, isLast: true), to: &file)
    }

    private static func append(_ kind: String, _ contents: ByteBuffer, to file: inout ByteBuffer) {
        file.writeInteger(UInt32(contents.readableBytes))
        var chunk = ByteBuffer(string: kind)
        chunk.writeImmutableBuffer(contents)
        let sum = Checksum.crc32(chunk)
        file.writeImmutableBuffer(chunk)
        file.writeInteger(sum)
    }
}

/// Makes rows easier to compress: what remains of each byte after a guess from its neighbours (ISO/IEC 15948 9).
private struct PNGRowFilter {
    let rowLength: Int
    private let pixelLength: Int
    private let isWide: Bool
    private var previous: [UInt8]
    private var current: [UInt8]
    private var candidate: [UInt8]

    init(rowLength: Int, pixelLength: Int, isWide: Bool) {
        self.rowLength = rowLength
        self.pixelLength = pixelLength
        self.isWide = isWide
        previous = Array(repeating: 0, count: rowLength)
        current = previous
        candidate = previous
    }

    /// Adds the filtered row: the one of three filters that leaves least, as the standard advises (12.8).
    mutating func append(_ bytes: ByteBuffer, row: Int, to pending: inout [UInt8]) {
        load(bytes, row: row)
        var best = 0
        var least = Int.max
        for kind in [1, 2, 4] {
            let remainder = filter(kind, limit: least)
            if remainder < least {
                least = remainder
                best = kind
            }
        }
        if best != 4 { _ = filter(best, limit: .max) }
        pending.append(UInt8(best))
        pending.append(contentsOf: candidate)
        swap(&previous, &current)
    }

    private mutating func load(_ bytes: ByteBuffer, row: Int) {
        let source = bytes.readableBytesUInt8Span
        let start = row * rowLength
        guard isWide else {
            for position in 0..<rowLength { current[position] = source[start + position] }
            return
        }
        // PNG has the most significant byte first.
        for position in stride(from: 0, to: rowLength - 1, by: 2) {
            current[position] = source[start + position + 1]
            current[position + 1] = source[start + position]
        }
    }

    /// Fills `candidate`, and tells how far from 0 its bytes are in sum, as signed numbers.
    private mutating func filter(_ kind: Int, limit: Int) -> Int {
        var sum = 0
        for position in 0..<rowLength {
            let left = position >= pixelLength ? Int(current[position - pixelLength]) : 0
            let guess: Int
            switch kind {
            case 1: guess = left
            case 2: guess = Int(previous[position])
            default:
                let corner = position >= pixelLength ? Int(previous[position - pixelLength]) : 0
                guess = Self.paeth(left, Int(previous[position]), corner)
            }
            let rest = UInt8(truncatingIfNeeded: Int(current[position]) - guess)
            candidate[position] = rest
            sum += Int(min(rest, 0 &- rest))
        }
        return sum
    }

    private static func paeth(_ left: Int, _ up: Int, _ corner: Int) -> Int {
        let estimate = left + up - corner
        let (toLeft, toUp, toCorner) = (abs(estimate - left), abs(estimate - up), abs(estimate - corner))
        if toLeft <= toUp, toLeft <= toCorner { return left }
        return toUp <= toCorner ? up : corner
    }
}
