/// In which frames of an object text is looked for.
///
/// Text that a device burns in is mostly the same in all frames: some frames, evenly spread, stand for all. The others are
/// compared with those; who looks different (a page, another view) is searched as well.
struct FrameChoice: Sendable {
    /// The first ones, the last at the beginning.
    let first: [Int]
    /// Whether there are frames that were not looked at.
    var needsComparing: Bool
    private let frameCount: Int
    private var signatures: [Int: FrameSignature?] = [:]

    init(frameCount: Int, settings: PixelCleaningSettings) {
        self.frameCount = frameCount
        let count = max(1, min(frameCount, settings.frameCount))
        first = Set((0..<count).map { count == 1 ? 0 : $0 * (frameCount - 1) / (count - 1) }).sorted(by: >)
        needsComparing = frameCount > first.count
    }

    /// How many are searched.
    var count: Int { signatures.count }

    /// Those that are searched, in order.
    var searchedFrames: [Int] { signatures.keys.sorted() }

    /// Those that are not.
    var unsearched: [Int] { (0..<frameCount).filter { signatures[$0] == nil } }

    /// A frame is searched.
    mutating func searched(_ frameIndex: Int, _ signature: FrameSignature?) {
        signatures[frameIndex] = .some(signature)
    }

    /// A frame is to be searched that looked different.
    mutating func add(_ frameIndex: Int, _ signature: FrameSignature?) { searched(frameIndex, signature) }

    /// Whether a frame looks unlike all that are searched; one that cannot be compared does.
    func isNew(_ signature: FrameSignature?) -> Bool {
        guard let signature else { return true }
        return !signatures.values.contains { known in known.map { $0.resembles(signature) } ?? false }
    }
}
