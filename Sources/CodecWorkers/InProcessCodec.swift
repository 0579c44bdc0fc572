public import DICOMCore
public import DICOMPixels
public import NIOCore
public import Platform

/// The port in this process, on a `WorkPool`.
///
/// Nothing protects against a codec that hangs or crashes: for codecs of our own, for tests and measurements.
public struct InProcessCodec: PixelCodec {
    private let workPool: WorkPool
    private let limits: PixelLimits
    private let codec: any FrameCodec

    /// Makes the codec on threads that the caller keeps running.
    public init(workPool: WorkPool, limits: PixelLimits = PixelLimits()) {
        self.init(workPool: workPool, limits: limits, codec: LibraryCodecs())
    }

    init(workPool: WorkPool, limits: PixelLimits, codec: any FrameCodec) {
        self.workPool = workPool
        self.limits = limits
        self.codec = codec
    }

    /// Decodes one frame.
    ///
    /// - Throws: What the codec throws; `.timedOut` when the task was cancelled before it began.
    public func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat
    ) async throws(PixelError) -> PixelFrame {
        try await run { [codec, limits] () throws(PixelError) in
            try codec.decode(encoded, in: transferSyntax, as: format, limits: limits)
        }
    }

    /// Encodes one frame.
    ///
    /// - Throws: What the codec throws; `.timedOut` when the task was cancelled before it began.
    public func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions
    ) async throws(PixelError) -> ByteBuffer {
        try await run { [codec, limits] () throws(PixelError) in
            try codec.encode(frame, in: transferSyntax, options: options, limits: limits)
        }
    }

    private func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(PixelError) -> Value
    ) async throws(PixelError) -> Value {
        do {
            return try await workPool.run(body)
        } catch let error as PixelError {
            throw error
        } catch {
            throw PixelError(.timedOut, "given up before it began")
        }
    }
}
