import DICOMCore
import DICOMPixels
import NIOCore
import Platform

/// The codecs in this process, on the threads for blocking work.
struct LibraryCodec: PixelCodec {
    let pool: WorkPool
    let limits: PixelLimits

    func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat
    ) async throws(PixelError) -> PixelFrame {
        try await run { [limits] () throws(PixelError) in
            try CodecLibrary.decode(encoded, in: transferSyntax, as: format, limits: limits)
        }
    }

    func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions
    ) async throws(PixelError) -> ByteBuffer {
        try await run { [limits] () throws(PixelError) in
            try CodecLibrary.encode(frame, in: transferSyntax, options: options, limits: limits)
        }
    }

    private func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(PixelError) -> Value
    ) async throws(PixelError) -> Value {
        do {
            return try await pool.run(body)
        } catch let error as PixelError {
            throw error
        } catch {
            throw PixelError(.timedOut, "given up before it began")
        }
    }
}
