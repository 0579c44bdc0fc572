import NIOCore
import Platform
import Testing

@testable import PackStorage
@testable import cassette

/// Whatever is changed on the disks of a stopped archive: the bytes that were stored, or an error, and never less in silence.
@Suite struct `Tampering with the files of an archive` {
    @Test func `nothing changed: all is there, and nothing is found`() async throws {
        let archive = try await TamperedArchive()

        let answer = await archive.answer(archive.image)

        #expect(!answer.isRefused && answer.whole == archive.objects.count)
        #expect(answer.isFound == false && answer.isScrubbed == false)
        #expect(archive.packs(under: "/warm").count == 2 && archive.packs(under: "/data").count == 3)
    }

    @Test(arguments: ["/warm", "/data"])
    func `a flipped bit of a pack in any store: the stored bytes or an error, and a verification finds every one`(
        folder: String
    ) async throws {
        let archive = try await TamperedArchive()
        var (count, refused, unscrubbed) = (0, 0, 0)
        for path in archive.packs(under: folder) {
            for flip in archive.flips(of: path, sample: 12) {
                let answer = await archive.answer(flip.image)
                count += 1
                if answer.isRefused { refused += 1 }
                if answer.isScrubbed == false { unscrubbed += 1 }
                #expect(answer.wrong == [], "\(path) at \(flip.place)")
                #expect(answer.isRefused || answer.isFound == true, "\(path) at \(flip.place)")
                // The scrubber reads records; the header of a pack is what a walk needs, and a verification finds.
                let isInRecord = flip.place >= PackHeader.length
                // Those of another store are read by the job, pack by pack, not here.
                let isRead = isInRecord && folder != "/warm"
                #expect(answer.isRefused || answer.isScrubbed == true || !isRead, "\(path) at \(flip.place)")
            }
        }
        print(
            "flips of packs in \(folder): \(count), \(refused) starts refused, \(unscrubbed) not seen by the scrubber"
        )
        #expect(count > 0)
    }

    @Test(arguments: [[0], [1], [0, 1]])
    func `a flipped bit of the keyring: all objects, or a start that is refused`(copies: [Int]) async throws {
        let archive = try await TamperedArchive()
        let paths = CrashArchive.folder.keyrings.map { $0 + "/keyring" }
        var (count, refused) = (0, 0)
        for flip in archive.flips(of: paths[copies[0]], sample: 30) {
            var image = flip.image
            for copy in copies { image.files[paths[copy]] = flip.image.files[paths[copies[0]]] }
            let answer = await archive.answer(image, verifies: false)
            count += 1
            if answer.isRefused { refused += 1 }
            #expect(answer.wrong == [], "byte \(flip.place)")
            // The last entry, when it is not whole in either copy, is what a crash leaves: its study opens no more, and says so.
            #expect(answer.isRefused || answer.missing == 0 || copies.count == 2, "byte \(flip.place)")
        }
        print("flips of keyring copies \(copies): \(count), \(refused) starts refused")
    }

    @Test(arguments: ["registry.sqlite", "index.sqlite"])
    func `a flipped bit of registry or index: the stored bytes, or an error that is told`(name: String) async throws {
        let archive = try await TamperedArchive()
        let path = CrashArchive.folder.path + "/" + name
        var (count, refused, missing) = (0, 0, 0)
        for flip in archive.flips(of: path, sample: 30, whole: 5_000) {
            let answer = await archive.answer(flip.image)
            count += 1
            if answer.isRefused { refused += 1 }
            if answer.missing > 0 { missing += 1 }
            #expect(answer.wrong == [], "byte \(flip.place)")
            #expect(answer.isRefused || answer.missing == 0 || answer.isFound == true, "byte \(flip.place)")
        }
        print("flips of \(name): \(count), \(refused) starts refused, \(missing) with objects that told an error")
    }

    @Test func `packs that changed places, within a store or between two, are found and give no wrong bytes`()
        async throws
    {
        let archive = try await TamperedArchive()
        let packs = archive.packs(under: "/warm") + archive.packs(under: "/data")
        for (number, left) in packs.enumerated() {
            for right in packs[(number + 1)...] where archive.image.files[left] != archive.image.files[right] {
                var image = archive.image
                image.files[left] = archive.image.files[right]
                image.files[right] = archive.image.files[left]
                let answer = await archive.answer(image)
                #expect(answer.wrong == [], "\(left) and \(right)")
                #expect(answer.isRefused || answer.isFound == true, "\(left) and \(right)")
            }
        }
    }

    @Test func `an older version of any file gives no wrong bytes, and what is missing then is found`() async throws {
        let archive = try await TamperedArchive()
        for (path, bytes) in archive.older.files.sorted(by: { $0.key < $1.key }) {
            guard let now = archive.image.files[path], now != bytes else { continue }
            var image = archive.image
            image.files[path] = bytes
            let answer = await archive.answer(image)
            print(
                "older \(path): refused \(answer.isRefused), \(answer.missing) missing, found \(answer.isFound ?? false)"
            )
            #expect(answer.wrong == [], "\(path)")
            #expect(answer.isRefused || answer.missing == 0 || answer.isFound == true, "\(path)")
        }
    }

    @Test func `a file that is gone or empty gives no wrong bytes, and what is missing then is found`() async throws {
        let archive = try await TamperedArchive()
        for (path, bytes) in archive.image.files.sorted(by: { $0.key < $1.key }) {
            for rest in [nil, bytes.getSlice(at: bytes.readerIndex, length: 0)] {
                var image = archive.image
                image.files[path] = rest
                let answer = await archive.answer(image)
                #expect(answer.wrong == [], "\(path)")
                #expect(answer.isRefused || answer.missing == 0 || answer.isFound == true, "\(path)")
            }
        }
    }
}
