public import DICOMCore
import NIOCore

extension PixelFrame {
    /// The frame with rectangles in black: nothing of what was there can be brought back by any window or table.
    ///
    /// Bits beside the stored ones (overlays of old objects) are cleared there, too. Subsampled pairs of pixels become black
    /// together.
    ///
    /// - Parameters:
    ///   - rectangles: what lies beyond the frame is left out.
    ///   - header: of the object: padding value and palette are taken from it.
    /// - Throws: `.badAttribute` when the table of a palette is damaged; `.unsupported` for frames of video.
    public func blackened(_ rectangles: [PixelRectangle], header: DataSet) throws(PixelError) -> PixelFrame {
        let boxes = rectangles.compactMap { $0.clipped(width: format.columns, height: format.rows) }
        guard !boxes.isEmpty else { return self }
        let black = try BlackPixel(self, header: header)
        var changed = bytes
        for box in boxes {
            switch format.bitsAllocated {
            case 1, 12: fillPacked(&changed, box, black)
            default:
                if format.photometricInterpretation.isSubsampled {
                    fillPairs(&changed, box, black)
                } else if format.isPlanar {
                    fillPlanes(&changed, box, black)
                } else {
                    fillPixels(&changed, box, black)
                }
            }
        }
        return try PixelFrame(format, changed)
    }

    private func sampleBytes(_ sample: UInt64) -> [UInt8] {
        (0..<format.bitsAllocated / 8).map { UInt8(truncatingIfNeeded: sample >> UInt64(8 * $0)) }
    }

    private func fillPixels(_ changed: inout ByteBuffer, _ box: PixelRectangle, _ black: BlackPixel) {
        let pixel = black.samples.flatMap(sampleBytes)
        let row = Array(repeatElement(pixel, count: box.width).joined())
        for y in box.y..<box.endY {
            changed.setBytes(row, at: changed.readerIndex + (y * format.columns + box.x) * pixel.count)
        }
    }

    private func fillPlanes(_ changed: inout ByteBuffer, _ box: PixelRectangle, _ black: BlackPixel) {
        let length = format.bitsAllocated / 8
        for (plane, sample) in black.samples.enumerated() {
            let row = Array(repeatElement(sampleBytes(sample), count: box.width).joined())
            for y in box.y..<box.endY {
                let pixel = plane * format.pixelCount + y * format.columns + box.x
                changed.setBytes(row, at: changed.readerIndex + pixel * length)
            }
        }
    }

    /// Y Y Cb Cr, with pairs of one row (PS3.3 C.7.6.3.1.2); an odd row ends within a pair, so that pairs count all pixels.
    private func fillPairs(_ changed: inout ByteBuffer, _ box: PixelRectangle, _ black: BlackPixel) {
        guard black.samples.count == 3 else { return }
        let pair = [black.samples[0], black.samples[0], black.samples[1], black.samples[2]].flatMap(sampleBytes)
        for y in box.y..<box.endY {
            let first = (y * format.columns + box.x) / 2
            let end = (y * format.columns + box.endX + 1) / 2
            for at in first..<end where (at + 1) * pair.count <= changed.readableBytes {
                changed.setBytes(pair, at: changed.readerIndex + at * pair.count)
            }
        }
    }

    /// Samples of 1 or 12 bits without gaps, the first in the lowest bits (PS3.5 8.1.1).
    private func fillPacked(_ changed: inout ByteBuffer, _ box: PixelRectangle, _ black: BlackPixel) {
        let width = format.bitsAllocated
        for (number, sample) in black.samples.enumerated() {
            for y in box.y..<box.endY {
                for x in box.x..<box.endX {
                    let pixel = y * format.columns + x
                    let place =
                        format.isPlanar
                        ? number * format.pixelCount + pixel : pixel * black.samples.count + number
                    for bit in 0..<width {
                        changed.setBit(place * width + bit, to: sample >> UInt64(bit) & 1 == 1)
                    }
                }
            }
        }
    }
}

extension ByteBuffer {
    fileprivate mutating func setBit(_ number: Int, to isSet: Bool) {
        let at = readerIndex + number / 8
        guard let byte = getInteger(at: at, as: UInt8.self) else { return }
        let bit = UInt8(1) << UInt8(number % 8)
        setInteger(isSet ? byte | bit : byte & ~bit, at: at)
    }
}
