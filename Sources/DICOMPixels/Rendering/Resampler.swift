/// Scales a picture: the mean of the pixels that a smaller one covers, lines between the middles of those of a larger one.
///
/// Both directions are independent of each other.
struct Resampler: Sendable {
    /// What one pixel of the result is made of, along one direction.
    private struct Contribution {
        var first: Int
        var weights: [Float]
    }

    private let columns: [Contribution]
    private let rows: [Contribution]

    /// - Parameters:
    ///   - region: of the source, in its pixels; may reach beyond it, where all is black.
    ///   - width: pixels of the result.
    init(source: (width: Int, height: Int), region: Region, width: Int, height: Int) {
        columns = Self.contributions(size: source.width, start: region.x, length: region.width, count: width)
        rows = Self.contributions(size: source.height, start: region.y, length: region.height, count: height)
    }

    private static func contributions(size: Int, start: Double, length: Double, count: Int) -> [Contribution] {
        let step = length / Double(count)
        return (0..<count).map { position in
            step > 1
                ? covered(from: start + Double(position) * step, length: step, size: size)
                : between(start + (Double(position) + 0.5) * step - 0.5, start, length, size: size)
        }
    }

    private static func covered(from start: Double, length: Double, size: Int) -> Contribution {
        let first = max(0, Int(start.rounded(.down)))
        let end = min(size, Int((start + length).rounded(.up)))
        guard first < end else { return Contribution(first: 0, weights: []) }
        let weights = (first..<end).map { pixel in
            Float((min(Double(pixel + 1), start + length) - max(Double(pixel), start)) / length)
        }
        return Contribution(first: first, weights: weights)
    }

    // Pixels beyond the border of the image are as those at it, but for regions that lie beyond it.
    private static func between(_ place: Double, _ start: Double, _ length: Double, size: Int) -> Contribution {
        guard place > -1, place < Double(size) else { return Contribution(first: 0, weights: []) }
        let lower = Int(place.rounded(.down))
        let fraction = Float(place - Double(lower))
        if lower < 0 { return Contribution(first: 0, weights: start < -0.5 ? [fraction] : [1]) }
        if lower + 1 >= size {
            let isCut = start + length > Double(size) + 0.5
            return Contribution(first: lower, weights: isCut ? [1 - fraction] : [1])
        }
        return fraction == 0
            ? Contribution(first: lower, weights: [1]) : Contribution(first: lower, weights: [1 - fraction, fraction])
    }

    /// The scaled picture.
    func scale<Sample: RasterSample>(_ raster: Raster<Sample>) -> Raster<Sample> {
        let rowLength = columns.count * raster.channels
        var samples: [Sample] = []
        samples.reserveCapacity(rows.count * rowLength)
        // At most the rows of one contribution are needed at a time, and the next one begins where it ends.
        var recent: [(row: Int, values: [Float])] = []
        var sums = [Float](repeating: 0, count: rowLength)
        for contribution in rows {
            for position in sums.indices { sums[position] = 0.5 }
            recent.removeAll { $0.row < contribution.first }
            for (position, weight) in contribution.weights.enumerated() {
                let row = contribution.first + position
                if let known = recent.first(where: { $0.row == row }) {
                    Self.add(known.values, weight, to: &sums)
                } else {
                    let values = scaledRow(raster, row)
                    Self.add(values, weight, to: &sums)
                    recent = recent.suffix(1) + [(row, values)]
                }
            }
            for sum in sums { samples.append(Sample(min(sum, Float(Sample.max)))) }
        }
        return Raster(width: columns.count, height: rows.count, channels: raster.channels, samples: samples)
    }

    private static func add(_ values: [Float], _ weight: Float, to sums: inout [Float]) {
        for position in sums.indices { sums[position] += values[position] * weight }
    }

    private func scaledRow<Sample: RasterSample>(_ raster: Raster<Sample>, _ row: Int) -> [Float] {
        let channels = raster.channels
        let source = raster.samples.span
        let start = row * raster.width * channels
        var values: [Float] = []
        values.reserveCapacity(columns.count * channels)
        for contribution in columns {
            for channel in 0..<channels {
                var sum: Float = 0
                var at = start + contribution.first * channels + channel
                for weight in contribution.weights {
                    sum += Float(source[at]) * weight
                    at += channels
                }
                values.append(sum)
            }
        }
        return values
    }
}

/// A place in an image or picture, in pixels from its upper left corner.
struct Point: Sendable, Hashable {
    var x: Double
    var y: Double

    init(_ x: Double, _ y: Double) {
        self.x = x
        self.y = y
    }
}

/// A rectangle of an image, in pixels.
struct Region: Sendable, Hashable {
    var x: Double
    var y: Double
    var width: Double
    var height: Double
}
