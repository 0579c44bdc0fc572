import DICOMPixels
public import NIOCore

/// The frames of an object as one moving GIF, made as they are asked for.
public struct Film: AsyncSequence, Sendable {
    /// What each picture adds to the file.
    public typealias Element = ByteBuffer

    /// A picture by its frame number, with the memory that it takes.
    typealias Maker =
        @Sendable (_ frameNumber: Int) async throws(ArchiveError) -> (picture: RenderedImage, MemoryReservation)

    private let frameCount: Int
    private let timing: FrameTiming
    private let pixels: PixelService
    private let make: Maker

    init(
        frameCount: Int,
        timing: FrameTiming,
        pixels: PixelService,
        _ make: @escaping Maker
    ) async throws(ArchiveError) {
        self.frameCount = frameCount
        self.timing = timing
        self.pixels = pixels
        self.make = make
        // Decoded, it is kept for the reading that follows.
        _ = try await make(1)
    }

    /// Starts making.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(frameCount: frameCount, timing: timing, pixels: pixels, make: make)
    }

    /// Makes picture after picture.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let frameCount: Int
        private let timing: FrameTiming
        private let pixels: PixelService
        private let make: Maker
        private var writer = GIFWriter()
        private var frameIndex = 0
        private var isFinished = false
        private var reservation: MemoryReservation?

        init(frameCount: Int, timing: FrameTiming, pixels: PixelService, make: @escaping Maker) {
            self.frameCount = frameCount
            self.timing = timing
            self.pixels = pixels
            self.make = make
        }

        /// The bytes of the next picture; `nil` behind the last.
        public mutating func next() async throws -> ByteBuffer? {
            // Never held while another is waited for, whoever else has a copy of this value.
            reservation?.shrink(to: 0)
            reservation = nil
            guard frameIndex < frameCount else {
                guard !isFinished else { return nil }
                isFinished = true
                return writer.finish()
            }
            let (picture, reservation) = try await make(frameIndex + 1)
            self.reservation = reservation
            defer { frameIndex += 1 }
            do throws(PixelError) {
                let duration = timing.duration(frameIndex: frameIndex)
                let bytes: ByteBuffer
                (writer, bytes) = try await pixels.onPool { [writer] () throws(PixelError) in
                    var writer = writer
                    let bytes = try writer.append(picture, duration: duration)
                    return (writer, bytes)
                }
                reservation.shrink(to: bytes.readableBytes)
                return bytes
            } catch {
                throw TranscodingError(encoding: error, frameNumber: frameIndex + 1)
            }
        }
    }
}
