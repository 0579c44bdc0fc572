/// The least or greatest level around each pixel of a picture, in a square.
///
/// Rows, then columns, each with running extremes (van Herk, Gil and Werman): the time does not depend on the radius.
struct Morphology: Sendable {
    private(set) var samples: [UInt8]
    let width: Int
    let height: Int

    init(samples: [UInt8], width: Int, height: Int) {
        self.samples = samples
        self.width = width
        self.height = height
    }

    /// Each pixel takes the least level around it.
    mutating func erode(radius: Int) {
        invert()
        dilate(radius: radius)
        invert()
    }

    /// Each pixel takes the greatest level around it.
    mutating func dilate(radius: Int) {
        dilateRows(radius)
        transposed { $0.dilateRows(radius) }
    }

    private mutating func invert() {
        for position in samples.indices { samples[position] = 255 - samples[position] }
    }

    private mutating func transposed(_ body: (inout Morphology) -> Void) {
        var turned = Morphology(samples: Self.turned(samples, width, height), width: height, height: width)
        body(&turned)
        samples = Self.turned(turned.samples, height, width)
    }

    private static func turned(_ samples: [UInt8], _ width: Int, _ height: Int) -> [UInt8] {
        let source = samples.span
        var result: [UInt8] = []
        result.reserveCapacity(samples.count)
        for x in 0..<width {
            var at = x
            for _ in 0..<height {
                result.append(source[at])
                at += width
            }
        }
        return result
    }

    private mutating func dilateRows(_ radius: Int) {
        let window = 2 * radius + 1
        // What lies beyond the border counts as black.
        let length = (width + 2 * radius + window - 1) / window * window
        var row = [UInt8](repeating: 0, count: length)
        var forward = row
        var backward = row
        for y in 0..<height {
            let start = y * width
            for x in 0..<width { row[radius + x] = samples[start + x] }
            for block in stride(from: 0, to: length, by: window) {
                forward[block] = row[block]
                for at in block + 1..<block + window { forward[at] = max(forward[at - 1], row[at]) }
                let last = block + window - 1
                backward[last] = row[last]
                for at in stride(from: last - 1, through: block, by: -1) {
                    backward[at] = max(backward[at + 1], row[at])
                }
            }
            for x in 0..<width { samples[start + x] = max(backward[x], forward[x + window - 1]) }
        }
    }
}
