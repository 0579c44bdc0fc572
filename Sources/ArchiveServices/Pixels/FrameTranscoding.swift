import DICOMCoding
import DICOMCore
import DICOMPixels
import NIOCore

/// An object whose frames are made while it passes: reads, lets the machine find the frames, and makes some at a time.
struct FrameTranscoding {
    /// Frames that are made at a time, as far as they are small.
    private static let batchCount = 4
    private static let batchLength = 32 << 20
    /// Bytes that are gathered before they are handed out.
    private static let pieceLength = 64 << 10

    private let maker: FrameMaker
    private let format: PixelFormat
    private let prepared: TranscodedObject.Prepared
    private let read: ObjectSource.Reader
    private let batchLimit: Int
    private var rewriter: ObjectRewriter
    private var batch: [ByteBuffer] = []
    private var gathered = ByteBuffer()
    private var madeCount = 0
    private var isAtEnd = false
    private var isFinished = false
    /// Held while what was made is on its way out.
    private var reservation: MemoryReservation?

    init(
        _ maker: FrameMaker,
        _ instructions: ObjectRewriter.Instructions,
        _ format: PixelFormat,
        _ prepared: TranscodedObject.Prepared,
        _ read: @escaping ObjectSource.Reader
    ) {
        self.maker = maker
        self.format = format
        self.prepared = prepared
        self.read = read
        rewriter = ObjectRewriter(instructions, limits: .stored)
        batchLimit = max(1, min(Self.batchCount, Self.batchLength / max(1, format.frameLength)))
    }

    /// The next bytes; `nil` at the end.
    mutating func next() async throws -> ByteBuffer? {
        release()
        while !isFinished {
            switch try Self.coded({ () throws(DataSetError) in try rewriter.next() }) {
            case .frame(let stored):
                batch.append(stored)
                guard batch.count >= batchLimit || madeCount == 0 else { continue }
                try await makeBatch()
            case .endOfFrames: try await makeBatch()
            case .sequence(let tokens):
                let images = await NestedImages(pixels: maker.pixels, source: maker.plan.source).decoded(tokens)
                try Self.coded { () throws(DataSetError) in try rewriter.put(tokens: images) }
            case nil where isAtEnd: isFinished = true
            case nil: try await readOn()
            }
            let bytes = try Self.coded { () throws(DataSetError) in try rewriter.takeBytes(isLast: isFinished) }
            gathered.writeImmutableBuffer(bytes)
            if gathered.readableBytes >= Self.pieceLength || isFinished || reservation != nil {
                let piece = gathered
                gathered = ByteBuffer()
                if piece.readableBytes > 0 { return piece }
            }
        }
        return nil
    }

    private mutating func readOn() async throws {
        guard let chunk = try await read() else {
            isAtEnd = true
            return try Self.coded { () throws(DataSetError) in try rewriter.finish() }
        }
        try Self.coded { () throws(DataSetError) in try rewriter.append(chunk) }
    }

    /// Makes the frames that have gathered, at the same time, and writes them in their order.
    private mutating func makeBatch() async throws {
        var waiting = batch
        batch = []
        if madeCount == 0, !waiting.isEmpty, let first = prepared.take() {
            reservation = first.reservation
            waiting.removeFirst()
            try put(first.bytes)
        }
        guard !waiting.isEmpty else { return }
        // Never while another one is held: who waits must not be waited for.
        release()
        let cost = waiting.reduce(0) { $0 + PixelService.cost(of: maker.plan.format, storedLength: $1.readableBytes) }
        reservation = try await maker.pixels.budget.reserve(cost)
        for frame in try await made(waiting) { try put(frame) }
    }

    private func made(_ stored: [ByteBuffer]) async throws -> [ByteBuffer] {
        let maker = maker
        let format = format
        let firstNumber = madeCount + 1
        guard stored.count > 1 else {
            return [try await maker.make(stored[0], frameNumber: firstNumber, expecting: format)]
        }
        return try await withThrowingTaskGroup(of: (Int, ByteBuffer).self) { group in
            for (position, bytes) in stored.enumerated() {
                group.addTask {
                    (position, try await maker.make(bytes, frameNumber: firstNumber + position, expecting: format))
                }
            }
            var frames = Array(repeating: ByteBuffer(), count: stored.count)
            for try await (position, frame) in group { frames[position] = frame }
            return frames
        }
    }

    /// Gives the memory back now: copies of this value may hold the reservation for longer.
    private mutating func release() {
        reservation?.shrink(to: 0)
        reservation = nil
    }

    private mutating func put(_ frame: ByteBuffer) throws {
        madeCount += 1
        try Self.coded { () throws(DataSetError) in try rewriter.put(frame: frame) }
    }

    private static func coded<Result>(_ body: () throws(DataSetError) -> Result) throws(TranscodingError) -> Result {
        do throws(DataSetError) {
            return try body()
        } catch {
            throw TranscodingError(error)
        }
    }
}
