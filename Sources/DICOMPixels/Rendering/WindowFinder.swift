/// A window for frames whose object has none: from the darkest to the brightest value that occur.
///
/// Half a percent of the pixels at either end is left out, so that a few odd ones do not take the contrast from all others;
/// padding does not count. Images of 8 bits or fewer without a transform of their own have been made for the eye: they stay
/// as they are.
enum WindowFinder {
    private static let outliers = 0.005
    /// How many values of a frame are looked at when each may be another.
    private static let sampleCount = 65_536

    static func range(
        of values: StoredValues,
        _ modality: ModalityTransform,
        _ padding: PixelPadding?
    ) -> VOITransform {
        guard let size = values.tableSize else { return range(ofNumbers: values.numbers(), modality, padding) }
        if size <= 256, modality == .identity {
            let isSigned = values.frame.format.kind == .signed
            return .range(isSigned ? Double(-size / 2) : 0, Double(isSigned ? size / 2 - 1 : size - 1))
        }
        var counts = [Int](repeating: 0, count: size)
        for sample in values.bits() { counts[Int(sample)] += 1 }
        var occurring: [(value: Double, count: Int)] = []
        for (bits, count) in counts.enumerated() where count > 0 {
            let stored = Double(values.value(ofBits: bits))
            guard padding?.contains(stored) != true else { continue }
            occurring.append((modality.value(stored), count))
        }
        occurring.sort { $0.value < $1.value }
        return range(of: occurring)
    }

    /// From the lowest to the highest value that can be: no window at all.
    static func wholeRange(
        of values: StoredValues,
        _ modality: ModalityTransform,
        _ padding: PixelPadding?
    ) -> VOITransform {
        guard let size = values.tableSize else { return range(ofNumbers: values.numbers(), modality, padding) }
        let all = (0..<size).map { modality.value(Double(values.value(ofBits: $0))) }
        return .range(all.min() ?? 0, all.max() ?? 1)
    }

    private static func range(
        ofNumbers numbers: [Double],
        _ modality: ModalityTransform,
        _ padding: PixelPadding?
    ) -> VOITransform {
        let step = max(1, numbers.count / sampleCount)
        let occurring = stride(from: 0, to: numbers.count, by: step)
            .filter { padding?.contains(numbers[$0]) != true }
            .map { (value: modality.value(numbers[$0]), count: 1) }
            .filter { $0.value.isFinite }
            .sorted { $0.value < $1.value }
        return range(of: occurring)
    }

    private static func range(of occurring: [(value: Double, count: Int)]) -> VOITransform {
        guard let lowest = occurring.first, let highest = occurring.last else { return .range(0, 1) }
        let total = occurring.reduce(0) { $0 + $1.count }
        let skipped = Int(Double(total) * outliers)
        let low = value(in: occurring, skipping: skipped) ?? lowest.value
        let high = value(in: occurring.reversed(), skipping: skipped) ?? highest.value
        // Where nearly all pixels have one value, the others are the image.
        return low < high ? .range(low, high) : .range(lowest.value, highest.value)
    }

    private static func value(in occurring: [(value: Double, count: Int)], skipping skipped: Int) -> Double? {
        var passed = 0
        for (value, count) in occurring {
            passed += count
            if passed > skipped { return value }
        }
        return nil
    }
}
