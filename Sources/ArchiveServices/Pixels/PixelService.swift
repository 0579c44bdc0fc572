import DICOMCore
public import DICOMPixels
import NIOCore
public import Platform

/// Makes frames: decoded, or in another Transfer Syntax; within a budget of memory, whoever asks.
public final class PixelService: Sendable {
    /// How much of it there may be.
    public struct Limits: Sendable, Hashable {
        /// How much one frame may cost.
        public var frame = PixelLimits()
        /// Bytes of frames that are being made or sent at a time; `limits.pixels.in-flight`.
        public var inFlightLength = 256 << 20
        /// Bytes of frames that are kept; `limits.pixels.cache`.
        public var cacheLength = 128 << 20

        /// The defaults.
        public init() {}
    }

    /// The limits in force.
    public let limits: Limits
    let codec: any PixelCodec
    let budget: MemoryBudget
    let cache: FrameCache
    private let pool: WorkPool

    /// Makes a service over a codec.
    ///
    /// - Parameter pool: Threads that pictures are made on; none that files or the index wait for.
    public init(codec: any PixelCodec, pool: WorkPool, limits: Limits = Limits()) {
        self.codec = codec
        self.pool = pool
        self.limits = limits
        budget = MemoryBudget(limit: limits.inFlightLength)
        cache = FrameCache(limit: limits.cacheLength)
    }

    /// Puts an object into another Transfer Syntax.
    ///
    /// What cannot be made is known here: the first frame has been made when this returns.
    public func transcode(
        _ source: ObjectSource,
        _ request: TranscodingRequest
    ) async throws(TranscodingError) -> TranscodedObject {
        try await TranscodedObject(source, request, pixels: self)
    }

    func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat,
        frameNumber: Int? = nil
    ) async throws(TranscodingError) -> PixelFrame {
        do throws(PixelError) {
            guard format.frameLength <= limits.frame.frameLength else {
                throw PixelError(.tooLarge, "\(format.frameLength) bytes (limits.pixels.frame-length)")
            }
            return try await codec.decode(encoded, in: transferSyntax, as: format)
        } catch {
            throw TranscodingError(decoding: error, frameNumber: frameNumber)
        }
    }

    func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions,
        frameNumber: Int? = nil
    ) async throws(TranscodingError) -> ByteBuffer {
        do throws(PixelError) {
            return try await codec.encode(frame, in: transferSyntax, options: options)
        } catch {
            throw TranscodingError(encoding: error, frameNumber: frameNumber)
        }
    }

    /// Does work that keeps a thread busy where that harms nobody.
    func onPool<Value: Sendable>(
        _ work: @escaping @Sendable () throws(PixelError) -> Value
    ) async throws(PixelError) -> Value {
        try await pool.runToEnd { Result { () throws(PixelError) in try work() } }.get()
    }

    /// Bytes that making a frame takes: as it is stored, without compression, and made.
    static func cost(of format: PixelFormat, storedLength: Int) -> Int {
        storedLength + 2 * format.frameLength
    }
}
