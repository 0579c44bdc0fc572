import DICOMCoding
import DICOMCore
import DICOMPixels
import NIOCore

/// Makes the frames of one object in its new Transfer Syntax.
struct FrameMaker: Sendable {
    let plan: TranscodingPlan
    let pixels: PixelService

    /// The first frame in its new form, and what it was in between.
    func first(
        _ source: ObjectSource
    ) async throws(TranscodingError) -> (bytes: ByteBuffer, format: PixelFormat, reservation: MemoryReservation) {
        let length = storedLength(frameIndex: 0)
        try checkStored(length)
        let reservation: MemoryReservation
        let stored: ByteBuffer
        do {
            reservation = try await pixels.budget.reserve(PixelService.cost(of: plan.format, storedLength: length))
            stored = try await source.frame(0)
        } catch {
            throw TranscodingError(.unavailable, "\(error)")
        }
        let frame = try await pixels.decode(stored, in: plan.source, as: plan.format, frameNumber: 1)
        // Before anything is encoded: what cannot be written need not be made.
        _ = try plan.form(of: frame.format)
        return (try await encode(frame, frameNumber: 1), frame.format, reservation)
    }

    /// One frame in its new form.
    func make(
        _ stored: ByteBuffer,
        frameNumber: Int,
        expecting format: PixelFormat
    ) async throws(TranscodingError) -> ByteBuffer {
        let frame = try await pixels.decode(stored, in: plan.source, as: plan.format, frameNumber: frameNumber)
        guard frame.format == format else {
            throw TranscodingError(.notDecodable, frameNumber: frameNumber, "it is another image than the first one")
        }
        return try await encode(frame, frameNumber: frameNumber)
    }

    private func encode(_ frame: PixelFrame, frameNumber: Int) async throws(TranscodingError) -> ByteBuffer {
        guard !plan.request.target.isNative else { return frame.bytes }
        return try await pixels.encode(
            frame,
            in: plan.request.target,
            options: plan.request.options,
            frameNumber: frameNumber
        )
    }

    /// What the rewriter is told.
    func instructions(
        _ format: PixelFormat,
        firstFrameLength: Int
    ) throws(TranscodingError) -> ObjectRewriter.Instructions {
        let changes = try plan.changes(format, firstFrameLength: firstFrameLength)
        var names = DataSet()
        for tag in [Tag.sopClassUID, .sopInstanceUID] {
            if let element = changes[tag] ?? plan.header[tag] { names.set(element) }
        }
        return ObjectRewriter.Instructions(
            target: plan.request.target,
            form: try plan.form(of: format),
            frameIndex: plan.frameIndex,
            frameLengthLimit: pixels.limits.frame.frameLength,
            swapsWords: SwappedWords(plan.header, in: plan.source) != nil,
            elements: changes,
            names: names,
            renames: plan.isLossy,
            implementationClassUID: Implementation.classUID,
            implementationVersionName: Implementation.versionName
        )
    }

    private func storedLength(frameIndex: Int) -> Int {
        plan.frameIndex.byteRanges(frameIndex: frameIndex).reduce(0) { $0 + $1.count }
    }

    private func checkStored(_ length: Int) throws(TranscodingError) {
        guard length <= pixels.limits.frame.frameLength else {
            let error = PixelError(.tooLarge, "\(length) bytes as stored (limits.pixels.frame-length)")
            throw TranscodingError(decoding: error, frameNumber: 1)
        }
    }
}
