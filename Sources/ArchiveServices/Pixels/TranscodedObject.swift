import DICOMCoding
public import DICOMCore
import DICOMPixels
public import NIOCore
import Synchronization

/// A Part 10 file in another Transfer Syntax, made as it is asked for.
///
/// Memory is bounded by a few frames, whatever the length of the object.
public struct TranscodedObject: AsyncSequence, Sendable {
    /// Pieces of any length.
    public typealias Element = ByteBuffer

    /// What is made.
    public struct Summary: Sendable, Hashable {
        /// The Transfer Syntax that the object is in.
        public let source: TransferSyntax
        /// The Transfer Syntax that is written.
        public let target: TransferSyntax
        /// Frames that are decoded and encoded; 0 where they stay as they are.
        public let frameCount: Int
        /// Whether something is lost; then it is another object.
        public let isLossy: Bool
        /// The name of what is written, where it is another one.
        public let newSOPInstanceUID: UID?
        /// Whether the pixels had lost something before, which no lossless Transfer Syntax brings back.
        public let wasLossy: Bool
    }

    /// What is made.
    public let summary: Summary
    private let source: ObjectSource
    private let pixels: PixelService
    private let making: Making

    enum Making: Sendable {
        /// The Data Set is rewritten, its frames stay.
        case rewriting(TransferSyntax)
        case frames(TranscodingPlan, ObjectRewriter.Instructions, PixelFormat, Prepared)
    }

    /// The first frame, made before anything is written; whoever takes it first has it alone, so that it does not stay in
    /// memory while the others are made.
    final class Prepared: Sendable {
        private let frame: Mutex<(bytes: ByteBuffer, reservation: MemoryReservation)?>

        init(_ bytes: ByteBuffer, _ reservation: MemoryReservation) {
            frame = Mutex((bytes, reservation))
        }

        func take() -> (bytes: ByteBuffer, reservation: MemoryReservation)? {
            frame.withLock { frame in
                defer { frame = nil }
                return frame
            }
        }
    }

    init(
        _ source: ObjectSource,
        _ request: TranscodingRequest,
        pixels: PixelService
    ) async throws(TranscodingError) {
        self.source = source
        self.pixels = pixels
        let wasLossy = source.transferSyntax.isAlwaysLossy || source.header.string(.lossyImageCompression) == "01"
        guard source.needsFrames(for: request.target) else {
            guard TransferSyntax.transcodingTargets.contains(request.target), !source.transferSyntax.isReferenced else {
                throw TranscodingError(.notFrames, "\(source.transferSyntax.name) has no frames in the object")
            }
            making = .rewriting(request.target)
            summary = Summary(
                source: source.transferSyntax,
                target: request.target,
                frameCount: 0,
                isLossy: false,
                newSOPInstanceUID: nil,
                wasLossy: wasLossy
            )
            return
        }
        let plan = try TranscodingPlan(
            request,
            header: source.header,
            source: source.transferSyntax,
            frameIndex: source.frameIndex
        )
        let maker = FrameMaker(plan: plan, pixels: pixels)
        let (first, format, reservation) = try await maker.first(source)
        let instructions = try maker.instructions(format, firstFrameLength: first.readableBytes)
        reservation.shrink(to: first.readableBytes)
        making = .frames(plan, instructions, format, Prepared(first, reservation))
        summary = Summary(
            source: source.transferSyntax,
            target: request.target,
            frameCount: plan.frameIndex.frameCount,
            isLossy: plan.isLossy,
            newSOPInstanceUID: plan.isLossy ? instructions.names.uid(.sopInstanceUID) : nil,
            wasLossy: wasLossy
        )
    }

    /// Starts reading and making.
    public func makeAsyncIterator() -> AsyncIterator {
        switch making {
        case .rewriting(let target):
            AsyncIterator(
                .rewriting(
                    FileTranscoder(
                        to: target,
                        limits: .stored,
                        implementationClassUID: Implementation.classUID,
                        implementationVersionName: Implementation.versionName
                    ),
                    source.reader()
                )
            )
        case .frames(let plan, let instructions, let format, let prepared):
            AsyncIterator(
                .frames(
                    FrameTranscoding(
                        FrameMaker(plan: plan, pixels: pixels),
                        instructions,
                        format,
                        prepared,
                        source.reader()
                    )
                )
            )
        }
    }

    /// Reads, makes and hands out.
    public struct AsyncIterator: AsyncIteratorProtocol {
        enum State {
            case rewriting(FileTranscoder, ObjectSource.Reader)
            case frames(FrameTranscoding)
            case ended
        }

        private var state: State

        init(_ state: State) {
            self.state = state
        }

        /// The next bytes; `nil` at the end.
        ///
        /// - Throws: `TranscodingError`, which names the frame that is to blame; what reading the object throws.
        public mutating func next() async throws -> ByteBuffer? {
            let current = state
            state = .ended
            switch current {
            case .ended: return nil
            case .rewriting(var transcoder, let read):
                while let chunk = try await read() {
                    let bytes = try Self.rewrite { () throws(DataSetError) in try transcoder.transcode(chunk) }
                    guard bytes.readableBytes > 0 else { continue }
                    state = .rewriting(transcoder, read)
                    return bytes
                }
                let bytes = try Self.rewrite { () throws(DataSetError) in try transcoder.finish() }
                return bytes.readableBytes > 0 ? bytes : nil
            case .frames(var transcoding):
                let bytes = try await transcoding.next()
                if bytes != nil { state = .frames(transcoding) }
                return bytes
            }
        }

        private static func rewrite(
            _ body: () throws(DataSetError) -> ByteBuffer
        ) throws(TranscodingError) -> ByteBuffer {
            do throws(DataSetError) {
                return try body()
            } catch {
                throw TranscodingError(error)
            }
        }
    }
}
