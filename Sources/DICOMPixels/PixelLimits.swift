/// How much one frame may cost.
public struct PixelLimits: Sendable, Hashable {
    /// Bytes of a frame without compression; `limits.pixels.frame-length`.
    public var frameLength: Int
    /// How long a codec may take for a frame; `limits.pixels.time`.
    public var time: Duration
    /// The memory of a process that runs codecs, in bytes; `limits.pixels.memory`.
    public var workerMemory: Int

    /// Makes limits.
    public init(frameLength: Int = 512 << 20, time: Duration = .seconds(30), workerMemory: Int = 4 << 30) {
        self.frameLength = frameLength
        self.time = time
        self.workerMemory = workerMemory
    }
}
