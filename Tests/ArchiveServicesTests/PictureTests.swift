import ArchiveServices
import DICOMCoding
import DICOMCore
import DICOMPixels
import NIOCore
import Testing

@Suite struct `Showing stored objects` {
    private let principal = TestArchive.administrator

    private func order(_ width: Int, _ height: Int) -> PictureOrder {
        PictureOrder(RenderingRequest(viewport: Viewport(width: width, height: height)), as: .png)
    }

    @Test func `a viewport that is too large is refused before anything is decoded`() async throws {
        let archive = try await TestArchive()
        _ = try await archive.store(TestObject())
        let instance = try await archive.instance(TestObject())

        let error = await #expect(throws: ArchiveError.self) {
            try await archive.archive.retrieve.picture(ofFrame: 1, of: instance, order(4_097, 4_097), as: principal)
        }

        #expect(error?.code == .badRequest)
        #expect(archive.codec.decodedCount == 0)
        let small = try await archive.archive.retrieve.picture(ofFrame: 1, of: instance, order(16, 16), as: principal)
        #expect(small.length > 0)
    }
}
