import DICOMCore
import DICOMPixels
import NIOCore
import Testing

/// A kind of image that encoders must not change.
struct FrameShape: Sendable, CustomTestStringConvertible {
    var columns: Int
    var rows: Int
    var samples = 1
    var allocated: Int
    var stored: Int
    var isSigned = false
    var pattern = Pattern.noise

    enum Pattern: String, Sendable {
        case noise, ramp, flat, extremes
    }

    var testDescription: String {
        "\(columns)x\(rows)x\(samples), \(stored) of \(allocated) bits\(isSigned ? " signed" : ""), \(pattern.rawValue)"
    }

    func format() throws -> PixelFormat {
        try PixelFormat(
            rows: rows,
            columns: columns,
            samplesPerPixel: samples,
            bitsAllocated: allocated,
            bitsStored: stored,
            kind: isSigned ? .signed : .unsigned,
            photometricInterpretation: samples == 1 ? .monochrome2 : .rgb
        )
    }

    /// The frame: the same for the same shape.
    func frame() throws -> PixelFrame {
        var random = UInt64(columns * 31 + rows * 17 + samples * 5 + stored)
        var bytes = ByteBuffer()
        let low = isSigned ? -(1 << (stored - 1)) : 0
        let span = 1 << stored
        for index in 0..<columns * rows * samples {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value: Int
            switch pattern {
            case .noise: value = low + Int(random >> 33) % span
            case .ramp: value = low + (index / samples % columns + index / samples / columns * 3) % span
            case .flat: value = low + span / 3
            case .extremes: value = random >> 40 & 1 == 0 ? low : low + span - 1
            }
            switch allocated {
            case 8: bytes.writeInteger(UInt8(truncatingIfNeeded: value), endianness: .little)
            case 16: bytes.writeInteger(UInt16(truncatingIfNeeded: value), endianness: .little)
            default: bytes.writeInteger(UInt32(truncatingIfNeeded: value), endianness: .little)
            }
        }
        return try PixelFrame(format(), bytes)
    }

    /// Widths, signs, colour, odd sizes, single pixels and rows.
    static let all = [
        FrameShape(columns: 64, rows: 64, allocated: 8, stored: 8),
        FrameShape(columns: 64, rows: 48, allocated: 8, stored: 8, isSigned: true),
        FrameShape(columns: 61, rows: 67, allocated: 16, stored: 10, pattern: .ramp),
        FrameShape(columns: 128, rows: 96, allocated: 16, stored: 12, pattern: .ramp),
        FrameShape(columns: 65, rows: 33, allocated: 16, stored: 12, isSigned: true),
        FrameShape(columns: 128, rows: 128, allocated: 16, stored: 16),
        FrameShape(columns: 130, rows: 70, allocated: 16, stored: 16, isSigned: true, pattern: .extremes),
        FrameShape(columns: 33, rows: 65, allocated: 16, stored: 16, pattern: .extremes),
        FrameShape(columns: 64, rows: 64, samples: 3, allocated: 8, stored: 8, pattern: .ramp),
        FrameShape(columns: 37, rows: 21, samples: 3, allocated: 8, stored: 8),
        FrameShape(columns: 40, rows: 40, samples: 3, allocated: 16, stored: 16, pattern: .extremes),
        FrameShape(columns: 1, rows: 1, allocated: 8, stored: 8),
        FrameShape(columns: 1, rows: 1, samples: 3, allocated: 8, stored: 8),
        FrameShape(columns: 1, rows: 1, allocated: 16, stored: 16, isSigned: true),
        FrameShape(columns: 300, rows: 1, allocated: 16, stored: 12, pattern: .flat),
        FrameShape(columns: 1, rows: 257, allocated: 8, stored: 8, pattern: .flat),
    ]
}
