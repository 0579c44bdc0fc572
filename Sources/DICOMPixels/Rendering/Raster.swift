import NIOCore

/// A sample of a picture.
protocol RasterSample: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable {}
extension UInt8: RasterSample {}
extension UInt16: RasterSample {}

/// A picture that is being made: samples by pixel, row by row.
struct Raster<Sample: RasterSample>: Sendable {
    let width: Int
    let height: Int
    /// 1 or 3.
    let channels: Int
    /// `width × height × channels`.
    var samples: [Sample]

    init(width: Int, height: Int, channels: Int, samples: [Sample]) {
        precondition(samples.count == width * height * channels, "a raster has the samples of its sizes")
        self.width = width
        self.height = height
        self.channels = channels
        self.samples = samples
    }

    /// A black picture.
    init(width: Int, height: Int, channels: Int) {
        self.init(
            width: width,
            height: height,
            channels: channels,
            samples: Array(repeating: 0, count: width * height * channels)
        )
    }

    /// Gives a pixel that level in all channels; nothing outside of the picture.
    mutating func set(_ x: Int, _ y: Int, _ level: Sample) {
        guard x >= 0, y >= 0, x < width, y < height else { return }
        let at = (y * width + x) * channels
        for channel in 0..<channels { samples[at + channel] = level }
    }

    /// The picture turned clockwise by quarters, then mirrored.
    func turned(quarters: Int, flipsHorizontally: Bool, flipsVertically: Bool) -> Raster {
        let quarters = quarters & 3
        guard quarters != 0 || flipsHorizontally || flipsVertically else { return self }
        let isSwapped = quarters % 2 == 1
        var result = Raster(width: isSwapped ? height : width, height: isSwapped ? width : height, channels: channels)
        for y in 0..<result.height {
            let turnedY = flipsVertically ? result.height - 1 - y : y
            for x in 0..<result.width {
                let turnedX = flipsHorizontally ? result.width - 1 - x : x
                let (sourceX, sourceY) =
                    switch quarters {
                    case 1: (turnedY, height - 1 - turnedX)
                    case 2: (width - 1 - turnedX, height - 1 - turnedY)
                    case 3: (width - 1 - turnedY, turnedX)
                    default: (turnedX, turnedY)
                    }
                let source = (sourceY * width + sourceX) * channels
                let target = (y * result.width + x) * channels
                for channel in 0..<channels { result.samples[target + channel] = samples[source + channel] }
            }
        }
        return result
    }

    /// The same picture with three channels.
    func inColor() -> Raster {
        guard channels == 1 else { return self }
        var colored: [Sample] = []
        colored.reserveCapacity(samples.count * 3)
        for sample in samples {
            colored.append(sample)
            colored.append(sample)
            colored.append(sample)
        }
        return Raster(width: width, height: height, channels: 3, samples: colored)
    }

    /// The picture as it leaves the renderer.
    func image(iccProfile: ByteBuffer?) throws(PixelError) -> RenderedImage {
        var bytes = ByteBufferAllocator().buffer(capacity: samples.count * Sample.bitWidth / 8)
        // Samples lie in memory as the result wants them: all machines that this runs on are little-endian.
        // The span is read only, and its samples have no padding between them.
        unsafe bytes.writeBytes(samples.span.bytes)
        return try RenderedImage(
            width: width,
            height: height,
            channels: channels,
            bitsPerSample: Sample.bitWidth,
            bytes: bytes,
            iccProfile: channels == 3 ? iccProfile : nil
        )
    }
}
