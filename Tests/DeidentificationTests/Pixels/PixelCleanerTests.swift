import DICOMCoding
import DICOMCore
import DICOMPixels
import NIOCore
import Testing

@testable import Deidentification

@Suite struct `Cleaning pixels` {
    /// A bright bar where text is said to be, on a dark ground.
    private static func frame(bar: PixelRectangle? = PixelRectangle(x: 20, y: 20, width: 24, height: 8)) -> [UInt8] {
        (0..<64 * 96).map { position in
            let pixel = PixelRectangle(x: position % 96, y: position / 96, width: 1, height: 1)
            return bar?.contains(pixel) == true ? 230 : 12
        }
    }

    /// The word as the recognizer sees it: pictures are enlarged three times.
    private static func word(_ text: String = "NAME", confidence: Double = 90) -> RecognizedWord {
        RecognizedWord(
            text: text,
            box: PixelRectangle(x: 60, y: 60, width: 72, height: 24),
            confidence: confidence
        )
    }

    private func plan(
        _ header: DataSet = PixelFixture.header(),
        frames: [[UInt8]] = [frame()],
        rules: PixelRules = PixelRules([]),
        recognizer: (any TextRecognizer)?,
        options: Set<DeidentificationOption> = [.cleanPixelData],
        identifiers: [String] = []
    ) async throws -> (plan: PixelCleaningPlan, cleaner: PixelCleaner, source: PixelSource) {
        let cleaner = PixelCleaner(rules: rules, codec: DirectCodec(), recognizer: recognizer)
        let source = try PixelFixture.source(header, frames)
        let plan = try await cleaner.plan(source, options: options, identifiers: IdentifierMatcher(identifiers))
        return (plan, cleaner, source)
    }

    @Test func `text is blacked out with a margin and looked for again`() async throws {
        let recognizer = ScriptedRecognizer([Self.word()])
        let (plan, cleaner, source) = try await plan(recognizer: recognizer)

        #expect(plan.decision == .include)
        #expect(plan.masks.map(\.rectangle) == [PixelRectangle(x: 18, y: 18, width: 28, height: 12)])
        #expect(plan.hasBurnedInAnnotation == false)
        #expect(recognizer.callCount == 2)
        let written = try await cleaner.frame(source.frame(0), frameIndex: 0, of: source, plan: plan)
        #expect(written.readableBytesView.allSatisfy { $0 == 12 })
        #expect(plan.removedTags.contains(.iconImageSequence))
    }

    @Test func `text that is still read after it was blacked out keeps the object`() async throws {
        let wide = Self.frame(bar: PixelRectangle(x: 0, y: 20, width: 90, height: 8))
        let recognizer = ScriptedRecognizer([Self.word()], isBlind: true)
        let (plan, _, _) = try await plan(frames: [wide], recognizer: recognizer)

        #expect(plan.decision == .exclude("text is still found after it was blacked out"))
    }

    @Test func `an uncertain word counts only when it resembles an identifier`() async throws {
        let recognizer = ScriptedRecognizer([Self.word("MUELLER", confidence: 20)])

        #expect(try await plan(recognizer: recognizer).plan.masks.isEmpty)
        let found = try await plan(recognizer: recognizer, identifiers: ["Mueller^Hans"]).plan
        #expect(found.masks.map(\.reason) == [.text(isIdentifying: true)])
    }

    @Test func `without a recognizer the object stays, unless no text is due`() async throws {
        let slice = PixelFixture.header([.text(.modality, .cs, "CT"), .text(.imageType, .cs, ["ORIGINAL", "PRIMARY"])])

        let stays = try await plan(recognizer: nil).plan
        let goes = try await plan(slice, recognizer: nil).plan

        #expect(stays.decision != .include)
        #expect(goes.decision == .include)
        #expect(goes.hasBurnedInAnnotation == nil)
        #expect(!goes.changesFrames)
    }

    @Test func `what says YES and shows nothing stays, NO is not believed`() async throws {
        let yes = PixelFixture.header([.text(.burnedInAnnotation, .cs, "YES")])
        let no = PixelFixture.header([.text(.burnedInAnnotation, .cs, "NO")])
        let empty = [Self.frame(bar: nil)]

        #expect(try await plan(yes, frames: empty, recognizer: ScriptedRecognizer([])).plan.decision != .include)
        #expect(try await plan(no, recognizer: ScriptedRecognizer([Self.word()])).plan.masks.count == 1)
    }

    @Test func `everything outside of ultrasound regions becomes black`() async throws {
        let region = DataSet([
            .unsignedLong(.regionLocationMinX0, 10), .unsignedLong(.regionLocationMinY0, 10),
            .unsignedLong(.regionLocationMaxX1, 89), .unsignedLong(.regionLocationMaxY1, 59),
        ])
        let header = PixelFixture.header([.sequence(.sequenceOfUltrasoundRegions, [region])])
        let (plan, cleaner, source) = try await plan(
            header,
            frames: [(0..<64 * 96).map { $0 == 6_000 ? 0 : 100 }],
            recognizer: ScriptedRecognizer([])
        )
        let written = try await cleaner.frame(source.frame(0), frameIndex: 0, of: source, plan: plan)

        #expect(Set(plan.masks.map(\.reason)) == [.outsideUltrasoundRegions])
        #expect(written.readableBytesView.count { $0 == 100 } == 80 * 50)
    }

    @Test func `rules black out, exclude and say whether text is looked for`() async throws {
        let box = PixelRectangle(x: 0, y: 0, width: 96, height: 30)
        let black = PixelRules([PixelRule(name: "head", when: [:], [.blackOut([box]), .searchText(false)])])
        let exclude = PixelRules([PixelRule(name: "page", when: [:], [.exclude("a page of text")])])

        let blackened = try await plan(rules: black, recognizer: nil).plan
        let excluded = try await plan(rules: exclude, recognizer: nil).plan
        let untouched = try await plan(rules: exclude, recognizer: nil, options: []).plan

        #expect(blackened.decision == .include)
        #expect(blackened.masks == [PixelCleaningPlan.Mask(box, .rule("head"))])
        #expect(excluded.decision == .exclude("a page of text"))
        #expect(untouched.decision == .include)
    }

    @Test func `of many frames some are searched, and those that look different`() async throws {
        var frames = Array(repeating: Self.frame(bar: nil), count: 40)
        frames[17] = Self.frame()
        let (plan, cleaner, source) = try await plan(frames: frames, recognizer: ScriptedRecognizer([Self.word()]))

        #expect(plan.searchedFrames?.count == 9)
        #expect(plan.searchedFrames?.contains(17) == true)
        #expect(plan.masks.count == 1)
        // Nothing changes in the others: they stay as they are stored.
        let other = try await cleaner.frame(source.frame(3), frameIndex: 3, of: source, plan: plan)
        #expect(Array(other.readableBytesView) == frames[3])
    }

    @Test func `bits beside the stored ones are cleared whatever the options`() async throws {
        let header = PixelFixture.header([.unsignedShort(.bitsStored, 6), .unsignedShort(.highBit, 5)])
        let frame: [UInt8] = (0..<64 * 96).map { position in
            let overlay: UInt8 = position % 7 == 0 ? 0x80 : 0
            return UInt8(position % 64) | overlay
        }
        let (plan, cleaner, source) = try await plan(header, frames: [frame], recognizer: nil, options: [])
        let written = try await cleaner.frame(source.frame(0), frameIndex: 0, of: source, plan: plan)

        #expect(plan.clearsUnusedBits)
        #expect(Array(written.readableBytesView) == frame.map { $0 & 0x3F })
    }

    @Test(arguments: [
        (TransferSyntax.rleLossless, TransferSyntax.rleLossless), (.jpegBaseline, .jpegLosslessSV1),
        (.jpegLSLossless, .jpegLSLossless), (.jpegLSNearLossless, .jpegLSLossless),
        (.jpeg2000Lossless, .jpeg2000Lossless), (.jpeg2000, .jpeg2000Lossless),
        (.htj2kLossless, .htj2kLossless), (.explicitVRBigEndian, .explicitVRLittleEndian),
    ]) func `changed frames are written without loss`(stored: TransferSyntax, written: TransferSyntax) async throws {
        let header = PixelFixture.header()
        let format = try PixelFormat(header)
        let original = try PixelFrame(format, ByteBuffer(bytes: Self.frame()))
        let encoded =
            stored == .explicitVRBigEndian
            ? original.bytes
            : try await DirectCodec().encode(original, in: stored, options: EncodingOptions(quality: 95))
        let native = try PixelFixture.source(header, [Self.frame()])
        let source = PixelSource(
            header: header,
            transferSyntax: stored,
            frameIndex: stored.isEncapsulated ? try PixelFixture.encapsulatedIndex() : native.frameIndex
        ) { _ in encoded }
        let cleaner = PixelCleaner(
            rules: PixelRules([]),
            codec: DirectCodec(),
            recognizer: ScriptedRecognizer([Self.word()])
        )

        let plan = try await cleaner.plan(source, options: [.cleanPixelData], identifiers: IdentifierMatcher([]))

        #expect(plan.decision == .include)
        #expect(plan.transferSyntax == written)
        #expect(plan.encodesAllFrames == (stored != written))
        let bytes = try await cleaner.frame(encoded, frameIndex: 0, of: source, plan: plan)
        let frame = try await DirectCodec().decode(bytes, in: written, as: format)
        #expect(frame.bytes.readableBytesView.allSatisfy { $0 < 30 })
    }

    @Test func `an overlay with text goes, one without stays`() async {
        var header = PixelFixture.header()
        for (group, byte) in [(UInt16(0x6000), UInt8(0xFF)), (0x6002, 0)] {
            header.set(.unsignedShort(Tag(group: group, element: 0x0010), 64))
            header.set(.unsignedShort(Tag(group: group, element: 0x0011), 96))
            let bits = ByteBuffer(bytes: (0..<64 * 12).map { (20..<28).contains($0 / 12) ? byte : 0 })
            header.set(DataElement(tag: Tag(group: group, element: 0x3000), vr: .ow, value: .bytes(bits)))
        }
        let cleaner = PixelCleaner(codec: DirectCodec(), recognizer: ScriptedRecognizer([Self.word()]))
        let blind = PixelCleaner(codec: DirectCodec(), recognizer: nil)

        #expect(await cleaner.overlaysToRemove(from: header, identifiers: IdentifierMatcher([])) == [0x6000])
        #expect(await blind.overlaysToRemove(from: header, identifiers: IdentifierMatcher([])) == [0x6000, 0x6002])
    }
}
