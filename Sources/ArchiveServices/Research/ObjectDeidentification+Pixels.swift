import DICOMCoding
import DICOMCore
import DICOMPixels
import Deidentification
import NIOCore

extension ObjectDeidentification {
    /// The pixels of an object, and what becomes of them.
    struct Pixels: Sendable {
        let plan: PixelCleaningPlan
        let source: PixelSource
    }

    func pixels(
        of survey: SurveyedObject,
        _ object: DeidentifiedObject,
        _ original: OriginalObject,
        _ patient: Patient
    ) async throws -> Pixels? {
        guard object.pixels.hasPixelData || object.pixels.cleansFaces else { return nil }
        let scanned = survey.scanned
        let source = PixelSource(
            header: try await RenderingBulk.filled(
                survey.header,
                isBigEndian: survey.transferSyntax.isBigEndian
            ) { try await original.ranges(scanned, [$0]) },
            transferSyntax: survey.transferSyntax,
            frameIndex: scanned.frameIndex,
            frame: { frameIndex in
                try await scanned.frame(frameIndex) { try await original.ranges(scanned, $0) }
            }
        )
        let plan = try await cleaner.plan(
            source,
            options: deidentifier.profile.options,
            identifiers: patient.words
        )
        return Pixels(plan: plan, source: source)
    }

    func describe(_ plan: PixelCleaningPlan, _ object: inout DeidentifiedObject) {
        var elements = plan.elements
        if plan.hasBurnedInAnnotation == false { elements.set(.text(.burnedInAnnotation, .cs, "NO")) }
        object.describePixels(elements, removing: plan.removedTags)
        guard plan.changesFrames else { return }
        // Tables of where frames were that are made anew.
        object.describePixels(DataSet(), removing: [.extendedOffsetTable, .extendedOffsetTableLengths])
    }

    func replacement(_ pixels: Pixels) throws -> HeaderReplacer.FrameReplacement? {
        guard pixels.plan.changesFrames, let frameIndex = pixels.source.frameIndex else { return nil }
        let target: TransferSyntax =
            pixels.plan.transferSyntax.isNative ? .explicitVRLittleEndian : pixels.plan.transferSyntax
        var form = PixelDataForm.encapsulated
        if target.isNative {
            let stored = try PixelFormat(pixels.source.header)
            let format = pixels.plan.encodesAllFrames ? try stored.encoded(in: target) : stored
            form = .native(
                vr: format.bitsAllocated > 8 ? .ow : .ob,
                bitsPerFrame: UInt64(format.frameBits),
                frameCount: frameIndex.frameCount
            )
        }
        return HeaderReplacer.FrameReplacement(
            target: target,
            form: form,
            frameIndex: frameIndex,
            frameLengthLimit: frameLengthLimit,
            swapsWords: SwappedWords(pixels.source.header, in: pixels.source.transferSyntax) != nil
        )
    }

    /// The frame with the least significant byte of each word first.
    static func littleEndian(_ frame: ByteBuffer, _ source: PixelSource) -> ByteBuffer {
        let wordLength = (source.header.integer(.bitsAllocated) ?? 8) / 8
        guard source.transferSyntax.isBigEndian || source.transferSyntax.hasBigEndianPixelData, wordLength > 1 else {
            return frame
        }
        var bytes = Array(frame.readableBytesView)
        for start in stride(from: 0, to: bytes.count - wordLength + 1, by: wordLength) {
            bytes[start..<start + wordLength].reverse()
        }
        return ByteBuffer(bytes: bytes)
    }
}
