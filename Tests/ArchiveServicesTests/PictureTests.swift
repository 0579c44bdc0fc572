import ArchiveServices
import DICOMCoding
import DICOMCore
import DICOMPixels
import Dispatch
import NIOCore
import NIOPosix
import Platform
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

    /// A Presentation State for frames of an object.
    private func presentationState(of object: TestObject, frames: [String]) -> TestObject {
        var reference = DataSet([
            .uid(.referencedSOPClassUID, object.sopClass), .uid(.referencedSOPInstanceUID, object.instance),
        ])
        if !frames.isEmpty { reference.set(.text(.referencedFrameNumber, .is, frames)) }
        var state = TestObject()
        state.series = UID(literal: "1.2.3.1.2")
        state.instance = UID(literal: "1.2.3.1.2.1")
        state.sopClass = UID(literal: "1.2.840.10008.5.1.4.1.1.11.1")
        state.extra = [
            .sequence(
                .referencedSeriesSequence,
                [
                    DataSet([
                        .uid(.seriesInstanceUID, object.series), .sequence(.referencedImageSequence, [reference]),
                    ])
                ]
            )
        ]
        return state
    }

    @Test(
        arguments: [
            ([], [nil]), (["2"], [2]), (["3", "1", "2"], [3, 1, 2]), (["0", "4", "3", "-1", "99"], [3]), (["4"], []),
        ] as [([String], [Int?])]
    )
    func `a Presentation State shows the frames that it names, as far as they are there`(
        named: [String],
        shown: [Int?]
    ) async throws {
        let archive = try await TestArchive()
        var object = TestObject()
        object.frames = 3
        _ = try await archive.store(object)
        let state = presentationState(of: object, frames: named)
        _ = try await archive.store(state)
        let instance = try await archive.instance(state)

        let images = try await archive.archive.retrieve.presentedImages(by: instance, as: principal, limit: 10)
        let limited = try await archive.archive.retrieve.presentedImages(by: instance, as: principal, limit: 1)

        #expect(images.map(\.frameNumber) == shown)
        #expect(limited.map(\.frameNumber) == Array(shown.prefix(1)))
    }

    @Test(.timeLimit(.minutes(1))) func `pictures are not made on the threads that files are read with`() async throws {
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        let archive = try await TestArchive(pool: WorkPool(threads: threads))
        var object = TestObject()
        object.frames = 2
        _ = try await archive.store(object)
        let instance = try await archive.instance(object)
        let retrieve = archive.archive.retrieve
        // Both frames are decoded now, and kept.
        let film = try await retrieve.film(of: instance, PictureOrder(RenderingRequest(), as: .gif), as: principal)
        for try await _ in film {}
        let release = DispatchSemaphore(value: 0)
        threads.submit { _ in release.wait() }

        for form in [PictureOrder.Form.png, .gif, .jpeg(quality: 90)] {
            let picture = try await retrieve.picture(
                ofFrame: 2,
                of: instance,
                PictureOrder(RenderingRequest(), as: form),
                as: principal
            )
            #expect(picture.length > 0)
        }
        var pieces = 0
        for try await _ in film { pieces += 1 }

        #expect(pieces == 3)
        release.signal()
        try await threads.shutdownGracefully()
    }
}
