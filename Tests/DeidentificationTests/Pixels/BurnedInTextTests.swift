import DICOMCore
import DICOMPixels
import Deidentification
import NIOCore
import Testing

/// With Tesseract itself, which `Tools/setup` installs.
@Suite struct `Text in pixels` {
    private static let name = "GRUENWALD^MATHILDE"

    /// A dark picture with the lines of text that a viewer writes into it.
    private static func picture() throws -> [UInt8] {
        let format = try PixelFormat(rows: 300, columns: 400, bitsAllocated: 8, photometricInterpretation: .monochrome2)
        let blank = try PixelFrame(format, ByteBuffer(repeating: 20, count: format.frameLength))
        let header = DataSet([
            .text(.modality, .cs, "US"), .text(.patientName, .pn, name), .text(.patientID, .lo, "PID 4711-0815"),
            .text(.patientBirthDate, .da, "19570314"),
        ])
        let request = RenderingRequest(annotations: [.patient])
        let image = try FrameRenderer(header: header).render(blank, frameIndex: 0, request: request)
        return Array(image.bytes.readableBytesView)
    }

    @Test func `names that are burned in are read and blacked out`() async throws {
        let picture = try Self.picture()
        let source = try PixelFixture.source(PixelFixture.header(rows: 300, columns: 400), [picture])
        let cleaner = PixelCleaner(codec: DirectCodec(), recognizer: InProcessTextRecognizer())

        let plan = try await cleaner.plan(
            source,
            options: [.cleanPixelData],
            identifiers: IdentifierMatcher([Self.name, "PID 4711-0815", "1957-03-14"])
        )
        let cleaned = try await cleaner.frame(source.frame(0), frameIndex: 0, of: source, plan: plan)

        #expect(plan.decision == .include)
        #expect(plan.masks.contains { $0.reason == .text(isIdentifying: true) })
        #expect(picture.count { $0 > 128 } > 300)
        #expect(cleaned.readableBytesView.count { $0 > 128 } == 0)
    }

    @Test func `a picture without text stays as it is`() async throws {
        let header = PixelFixture.header(rows: 300, columns: 400)
        let source = try PixelFixture.source(header, [(0..<300 * 400).map { UInt8($0 % 400 / 4) }])
        let cleaner = PixelCleaner(codec: DirectCodec(), recognizer: InProcessTextRecognizer())

        let plan = try await cleaner.plan(source, options: [.cleanPixelData], identifiers: IdentifierMatcher([]))

        #expect(plan.decision == .include)
        #expect(!plan.changesFrames)
        #expect(plan.searchedFrames == [0])
    }
}
