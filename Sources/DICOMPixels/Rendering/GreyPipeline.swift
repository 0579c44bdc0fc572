import NIOCore

/// All transforms from stored values to grey, as one (PS3.4 N.2).
struct GreyPipeline: Sendable {
    let modality: ModalityTransform
    let voi: VOITransform
    let presentation: PresentationTransform
    let padding: PixelPadding?

    /// The level of a stored value, from 0 to 1.
    private func level(_ stored: Double) -> Double {
        presentation.level(voi.level(modality.value(stored)))
    }

    /// The level of every value that a sample can have: as many entries as `tableSize` says.
    func table<Sample: RasterSample>(_ values: StoredValues, size: Int) -> [Sample] {
        (0..<size).map { bits in
            let value = values.value(ofBits: bits)
            return padding?.contains(Double(value)) == true ? 0 : Self.sample(level(Double(value)))
        }
    }

    /// The frame in grey.
    func render<Sample: RasterSample>(_ values: StoredValues) -> [Sample] {
        guard let size = values.tableSize else {
            return values.numbers().map { number in
                // What is no number (a float image may hold some) is black.
                number.isNaN || padding?.contains(number) == true ? 0 : Self.sample(level(number))
            }
        }
        return Self.map(values.bits(), by: table(values, size: size))
    }

    /// Looks up every sample.
    static func map<Sample: RasterSample>(_ samples: [UInt16], by table: [Sample]) -> [Sample] {
        let table = table.span
        var levels: [Sample] = []
        levels.reserveCapacity(samples.count)
        for sample in samples { levels.append(table[Int(sample)]) }
        return levels
    }

    /// A level as a sample, to the nearest.
    static func sample<Sample: RasterSample>(_ level: Double) -> Sample {
        guard level > 0 else { return 0 }
        return Sample(min(1, level) * Double(Sample.max) + 0.5)
    }
}
