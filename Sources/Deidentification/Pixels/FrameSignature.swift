import DICOMCore
import DICOMPixels

/// What a frame looks like from far away: the mean level of each of 24 × 24 fields, and how much it changes within.
///
/// Text that comes or goes changes the inside of its fields much more than speckle and moving anatomy do.
struct FrameSignature: Sendable, Hashable {
    private static let side = 24
    /// Levels, of 255.
    private static let meanDifference = 40
    private static let detailDifference = 28

    private let means: [UInt8]
    private let details: [UInt8]

    /// Looks at a frame as it is displayed; `nil` when it cannot be.
    init?(_ frame: PixelFrame, header: DataSet, frameIndex: Int) {
        var request = RenderingRequest()
        request.showsOverlays = false
        guard let renderer = try? FrameRenderer(header: header),
            let image = try? renderer.render(frame, frameIndex: frameIndex, request: request),
            let picture = try? image.gray()
        else { return nil }
        self.init(picture)
    }

    init(_ picture: GrayPicture) {
        let side = Self.side
        var sums = [Int](repeating: 0, count: side * side)
        var changes = sums
        var counts = sums
        let samples = picture.samples.span
        for y in 0..<picture.height {
            let row = y * side / picture.height * side
            var last = samples[y * picture.width]
            for x in 0..<picture.width {
                let level = samples[y * picture.width + x]
                let field = row + x * side / picture.width
                sums[field] += Int(level)
                changes[field] += abs(Int(level) - Int(last))
                counts[field] += 1
                last = level
            }
        }
        means = zip(sums, counts).map { UInt8($0 / max(1, $1)) }
        details = zip(changes, counts).map { UInt8($0 / max(1, $1)) }
    }

    /// Whether no field is other than it was.
    func resembles(_ other: FrameSignature) -> Bool {
        for field in means.indices {
            if abs(Int(means[field]) - Int(other.means[field])) > Self.meanDifference { return false }
            if abs(Int(details[field]) - Int(other.details[field])) > Self.detailDifference { return false }
        }
        return true
    }
}
