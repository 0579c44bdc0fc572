import ArchiveServices
import Testing

@testable import cassette

@Suite struct `An index that was cut off` {
    @Test(arguments: [0, 1, 4_096, 8_191, 8_192])
    func `before its first page is made again from the packs`(length: Int) async throws {
        let recording = try await Scenario.sealing.record()
        var image = SimulatedDisk(continuing: recording.log).image
        image.files[CrashArchive.folder.index]?.resize(to: length)
        let disk = SimulatedDisk(image)

        let archive = try await CrashArchive(on: disk, seed: 30)

        let answers = CrashChecker.answers(recording.log.acknowledgements)
        let texts = try await CrashChecker(objects: recording.objects).violations(of: archive, answers)
        #expect(texts == [])
        #expect(archive.open.rebuild?.inserted == recording.objects.count)
        archive.kill()
    }
}
