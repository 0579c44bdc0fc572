import DICOMCore
import NIOCore

/// A plane of bits that lies over an image (PS3.3 C.9.2).
struct Overlay: Sendable {
    /// What the bits mean.
    enum Kind: Sendable, Hashable {
        /// Drawn as it is.
        case graphics
        /// An area: its border is drawn, so that what it encloses can be seen.
        case region
    }

    let kind: Kind
    let rows: Int
    let columns: Int
    /// The column and row of the image that the first bit lies on, from 0; may be negative.
    let x: Int
    let y: Int
    /// `rows × columns`; bits that the element lacks are not set.
    private let bits: [Bool]

    /// The first 16 groups that may hold an overlay: 6000, 6002 to 601E.
    static let groups: [UInt16] = (0..<16).map { 0x6000 + 2 * $0 }

    /// Overlays beyond these sizes are none.
    private static let sizes = 1...65_535
    private static let bitLimit = 1 << 28

    static func tag(_ group: UInt16, _ element: UInt16) -> Tag { Tag(group: group, element: element) }

    /// Reads the overlay of a group as far as it lies over a frame; `nil` when there is none, or none for this frame.
    ///
    /// - Parameter frame: the frame itself, whose unused bits may hold the overlay; `nil` for an overlay of another object.
    init?(_ dataSet: DataSet, group: UInt16, frameIndex: Int, frame: PixelFrame?) {
        func number(_ element: UInt16) -> Int? { dataSet.integer(Self.tag(group, element)) }
        guard let rows = number(0x0010), let columns = number(0x0011), Self.sizes.contains(rows),
            Self.sizes.contains(columns), rows * columns <= Self.bitLimit
        else { return nil }
        // SS; another VR may hold more than can be calculated with.
        let origin = dataSet.integers(Self.tag(group, 0x0050)).map { Int(Int16(clamping: $0)) }
        // Frames without overlay are those outside of its own ones (PS3.3 C.9.2.1.2).
        let firstFrame = max(1, number(0x0051) ?? 1) - 1
        let frameCount = number(0x0015)
        let plane = frameCount == nil ? 0 : frameIndex - firstFrame
        guard plane >= 0, plane < max(1, frameCount ?? 1) else { return nil }
        let data = dataSet[Self.tag(group, 0x3000)]
        if let bytes = data?.bytes, bytes.readableBytes > 0 {
            guard let bits = Self.unpacked(bytes, plane: plane, count: rows * columns) else { return nil }
            self.bits = bits
        } else {
            guard data == nil, let frame, let bit = number(0x0102),
                let bits = Self.embedded(frame, bit: bit, rows: rows, columns: columns)
            else { return nil }
            self.bits = bits
        }
        kind = dataSet.string(Self.tag(group, 0x0040)) == "R" ? .region : .graphics
        self.rows = rows
        self.columns = columns
        // Written row first, counted from 1.
        y = (origin.first ?? 1) - 1
        x = (origin.dropFirst().first ?? 1) - 1
    }

    // "The first bit is the least significant of the first word" (PS3.5 8.1.2), of all planes one behind the other.
    private static func unpacked(_ bytes: ByteBuffer, plane: Int, count: Int) -> [Bool]? {
        let (first, overflow) = plane.multipliedReportingOverflow(by: count)
        let source = bytes.readableBytesUInt8Span
        guard !overflow, first < source.count * 8 else { return nil }
        var bits = [Bool](repeating: false, count: count)
        for position in 0..<min(count, source.count * 8 - first) {
            let bit = first + position
            bits[position] = source[bit >> 3] >> UInt8(bit & 7) & 1 == 1
        }
        return bits
    }

    /// One of the bits of each sample that are no part of its value (retired, and still in archives).
    private static func embedded(_ frame: PixelFrame, bit: Int, rows: Int, columns: Int) -> [Bool]? {
        let format = frame.format
        let stored = (format.highBit + 1 - format.bitsStored)...format.highBit
        guard format.samplesPerPixel == 1, [8, 16, 32].contains(format.bitsAllocated), rows == format.rows,
            columns == format.columns, (0..<format.bitsAllocated).contains(bit), !stored.contains(bit)
        else { return nil }
        let source = frame.bytes.readableBytesUInt8Span
        let width = format.bitsAllocated / 8
        return (0..<rows * columns).map { source[$0 * width + bit / 8] >> UInt8(bit % 8) & 1 == 1 }
    }

    /// Draws it in white; what lies beyond the picture is left out.
    func draw<Sample: RasterSample>(on raster: inout Raster<Sample>, level: Sample = .max) {
        let firstRow = max(0, -y)
        let endRow = min(rows, raster.height - y)
        let firstColumn = max(0, -x)
        let endColumn = min(columns, raster.width - x)
        guard firstRow < endRow, firstColumn < endColumn else { return }
        for row in firstRow..<endRow {
            for column in firstColumn..<endColumn where bits[row * columns + column] {
                guard kind == .graphics || isBorder(row, column) else { continue }
                raster.set(column + x, row + y, level)
            }
        }
    }

    /// Draws all of it, whatever its place on the image.
    func drawAtOrigin(on raster: inout Raster<UInt8>, level: UInt8) {
        for row in 0..<rows {
            for column in 0..<columns where bits[row * columns + column] { raster.set(column, row, level) }
        }
    }

    private func isBorder(_ row: Int, _ column: Int) -> Bool {
        let at = row * columns + column
        return row == 0 || column == 0 || row == rows - 1 || column == columns - 1 || !bits[at - 1] || !bits[at + 1]
            || !bits[at - columns] || !bits[at + columns]
    }
}
