public import DICOMCore

/// How long each frame of a cine loop is shown (PS3.3 C.7.6.5).
public struct FrameTiming: Sendable, Hashable {
    /// Without any statement of the object: ten frames each second.
    private static let usual = 100.0
    /// From 100 frames each second to one in ten seconds; others are mistakes, or no film.
    private static let range = 10.0...10_000.0

    /// Milliseconds from the frame before to each frame, if each has its own.
    private let vector: [Double]
    private let milliseconds: Double

    /// Reads Recommended Display Frame Rate, Frame Time, Frame Time Vector or Cine Rate; the first that there is.
    public init(_ header: DataSet) {
        func number(_ tag: Tag) -> Double? { header.decimals(tag).first.flatMap { $0 > 0 ? $0 : nil } }
        let fromRate = number(.recommendedDisplayFrameRate).map { 1_000 / $0 }
        let steps = header.decimals(.frameTimeVector)
        let own = fromRate ?? number(.frameTime)
        // A vector is followed where nothing simpler is said.
        vector = own == nil && steps.count > 1 ? steps : []
        let found = own ?? number(.cineRate).map { 1_000 / $0 } ?? Self.usual
        milliseconds = min(Self.range.upperBound, max(Self.range.lowerBound, found))
    }

    /// How long a frame is shown.
    ///
    /// - Parameter frameIndex: 0-based.
    public func duration(frameIndex: Int) -> Duration {
        var time = milliseconds
        // The step to the next frame is what this one lasts.
        if vector.indices.contains(frameIndex + 1) {
            time = vector[frameIndex + 1]
        } else if let last = vector.last {
            time = last
        }
        return .milliseconds(Int(min(Self.range.upperBound, max(Self.range.lowerBound, time)).rounded()))
    }
}
