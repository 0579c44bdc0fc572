public import NIOCore

/// Writes pictures as one moving GIF (GIF89a), one by one: grey ones exactly, colour in 256 colours of each picture's own.
public struct GIFWriter: Sendable {
    private var size: (width: Int, height: Int)?

    /// Begins a file.
    public init() {}

    /// The bytes that the next picture adds to the file.
    ///
    /// - Parameter duration: how long it is shown; counted in hundredths of a second, two at least, as viewers do not
    ///   believe less.
    /// - Throws: `.notEncodable` for 16 bits, and for a picture of another size than the first.
    public mutating func append(_ image: RenderedImage, duration: Duration) throws(PixelError) -> ByteBuffer {
        guard image.bitsPerSample == 8 else { throw PixelError(.notEncodable, "GIF has 8 bits") }
        var bytes = ByteBuffer()
        if let size {
            guard size == (image.width, image.height) else {
                throw PixelError(.notEncodable, "all pictures of a GIF have one size")
            }
        } else {
            size = (image.width, image.height)
            Self.begin(image, &bytes)
        }
        let hundredths = Int(clamping: duration / .milliseconds(10))
        // Graphic Control Extension: no transparency, and the next picture covers this one.
        bytes.writeBytes([0x21, 0xF9, 4, 0x04])
        bytes.writeInteger(UInt16(clamping: max(2, hundredths)), endianness: .little)
        bytes.writeBytes([0, 0, 0x2C, 0, 0, 0, 0])
        bytes.writeInteger(UInt16(image.width), endianness: .little)
        bytes.writeInteger(UInt16(image.height), endianness: .little)
        if image.channels == 1 {
            bytes.writeBytes([0, 8])
            bytes.writeImmutableBuffer(LZWEncoder.blocks(Array(image.bytes.readableBytesView)))
        } else {
            let reduced = ReducedColors(image)
            // A table of its own with 256 colours.
            bytes.writeInteger(UInt8(0x87))
            bytes.writeBytes(reduced.palette)
            bytes.writeInteger(UInt8(8))
            bytes.writeImmutableBuffer(LZWEncoder.blocks(reduced.indices))
        }
        return bytes
    }

    /// The end of the file.
    public mutating func finish() -> ByteBuffer { ByteBuffer(bytes: [0x3B]) }

    /// Header, screen with a table of 256 greys, and the sign that the loop never ends.
    private static func begin(_ image: RenderedImage, _ bytes: inout ByteBuffer) {
        bytes.writeString("GIF89a")
        bytes.writeInteger(UInt16(image.width), endianness: .little)
        bytes.writeInteger(UInt16(image.height), endianness: .little)
        bytes.writeBytes([0xF7, 0, 0])
        for grey in UInt8.min...UInt8.max { bytes.writeBytes([grey, grey, grey]) }
        bytes.writeBytes([0x21, 0xFF, 11])
        bytes.writeString("NETSCAPE2.0")
        bytes.writeBytes([3, 1, 0, 0, 0])
    }
}

/// The 256 colours that stand for all of a picture: boxes of similar colours are halved until there are enough of them.
private struct ReducedColors {
    private static let colorCount = 256
    /// Five bits of each channel are told apart.
    private static let cellCount = 1 << 15

    /// 256 times red, green, blue.
    let palette: [UInt8]
    let indices: [UInt8]

    init(_ image: RenderedImage) {
        let source = image.bytes.readableBytesUInt8Span
        var counts = [Int](repeating: 0, count: Self.cellCount)
        var sums = [Int](repeating: 0, count: Self.cellCount * 3)
        for at in stride(from: 0, to: source.count - 2, by: 3) {
            let cell = Self.cell(source[at], source[at + 1], source[at + 2])
            counts[cell] += 1
            for channel in 0..<3 { sums[cell * 3 + channel] += Int(source[at + channel]) }
        }
        var boxes = [counts.indices.filter { counts[$0] > 0 }]
        while boxes.count < Self.colorCount, let (box, channel) = Self.widest(boxes, counts) {
            let sorted = boxes[box].sorted { Self.part($0, channel) < Self.part($1, channel) }
            let half = Self.middle(sorted, counts)
            boxes[box] = Array(sorted[..<half])
            boxes.append(Array(sorted[half...]))
        }
        var palette = [UInt8](repeating: 0, count: Self.colorCount * 3)
        var indexOfCell = [UInt8](repeating: 0, count: Self.cellCount)
        for (index, box) in boxes.enumerated() {
            let count = max(1, box.reduce(0) { $0 + counts[$1] })
            for channel in 0..<3 {
                let sum = box.reduce(0) { $0 + sums[$1 * 3 + channel] }
                palette[index * 3 + channel] = UInt8(clamping: (sum + count / 2) / count)
            }
            for cell in box { indexOfCell[cell] = UInt8(index) }
        }
        var indices: [UInt8] = []
        indices.reserveCapacity(source.count / 3)
        for at in stride(from: 0, to: source.count - 2, by: 3) {
            indices.append(indexOfCell[Self.cell(source[at], source[at + 1], source[at + 2])])
        }
        self.palette = palette
        self.indices = indices
    }

    private static func cell(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Int {
        Int(red >> 3) << 10 | Int(green >> 3) << 5 | Int(blue >> 3)
    }

    private static func part(_ cell: Int, _ channel: Int) -> Int { cell >> (10 - 5 * channel) & 31 }

    /// The box to be halved, and the channel along which: the widest one that counts for most pixels; `nil` when each box is
    /// one colour.
    private static func widest(_ boxes: [[Int]], _ counts: [Int]) -> (box: Int, channel: Int)? {
        var best: (box: Int, channel: Int)?
        var largest = 0
        for (index, box) in boxes.enumerated() where box.count > 1 {
            let weight = box.reduce(0) { $0 + counts[$1] }
            for channel in 0..<3 {
                let parts = box.map { part($0, channel) }
                let extent = (parts.max() ?? 0) - (parts.min() ?? 0)
                guard extent > 0, extent * weight > largest else { continue }
                largest = extent * weight
                best = (index, channel)
            }
        }
        return best
    }

    /// Where half of the pixels are before; neither part is empty.
    private static func middle(_ box: [Int], _ counts: [Int]) -> Int {
        let half = box.reduce(0) { $0 + counts[$1] } / 2
        var passed = 0
        for (position, cell) in box.enumerated() {
            passed += counts[cell]
            if passed >= half { return min(max(1, position + 1), box.count - 1) }
        }
        return box.count / 2
    }
}
