import ArchiveCatalog
import DICOMCore
import NIOCore
import Platform
import TestKit

@testable import ArchiveServices
@testable import PackStorage
@testable import cassette

/// An archive with packs in its data folder and in a second folder, which somebody changes while it is stopped.
struct TamperedArchive: Sendable {
    static let warm = StoreName.named("warm")

    let objects: [CrashObject]
    /// All of it durable and right.
    let image: DiskImage
    /// The same archive before the last object came and the packs were moved.
    let older: DiskImage

    /// Study 1 lies in the second folder alone, study 2 in both, study 3 in the data folder.
    init() async throws {
        objects = try [
            CrashObject(study: 1, number: 1), CrashObject(study: 2, number: 1), CrashObject(study: 3, number: 1),
            CrashObject(study: 3, number: 2),
        ]
        let empty = DiskImage(files: [:], directories: ["/", "/warm"])
        older = try await Self.fill(empty, objects, 0..<3, seed: 71)
        image = try await Self.fill(older, objects, 3..<4, seed: 72)
    }

    private static func fill(
        _ image: DiskImage,
        _ objects: [CrashObject],
        _ numbers: Range<Int>,
        seed: UInt64
    ) async throws -> DiskImage {
        let disk = SimulatedDisk(image)
        let archive = try await CrashArchive(on: disk, seed: seed, storage: storage())
        let session = try archive.archive.ingest.openSession(for: CrashArchive.administrator)
        for object in numbers { await archive.send(object, of: objects, in: session) }
        await session.close()
        try await archive.archive.sealPacks(quietFor: .zero)
        if numbers.contains(3) { try await move(archive, objects) }
        try await archive.archive.close()
        archive.kill()
        return disk.image
    }

    /// One folder besides the data folder.
    private static func storage() throws -> StorageSettings {
        let file = try ConfigurationFile(yaml: "stores:\n  warm: {kind: folder, path: /warm}\n")
        var settings = StorageSettings()
        settings.stores = try file.items(of: "stores").map { try StoreSettings($0) }
        settings.graceTime = .zero
        return settings
    }

    private static func move(_ archive: CrashArchive, _ objects: [CrashObject]) async throws {
        let packs = archive.archive.ingest.packs
        guard let tiers = packs.tiers else { return }
        let mover = PackMover(packs: packs, tiers: tiers, graceTime: .zero)
        let rows = try await archive.archive.ingest.catalog.allInstances(after: nil, limit: 10)
        for row in rows {
            let pack = PackID(row.location.packID)
            if row.path.studyInstanceUID == objects[0].study {
                try await mover.move(pack, to: [warm])
                _ = try await mover.move(pack, to: [warm])
            } else if row.path.studyInstanceUID == objects[1].study {
                try await mover.copy(pack, to: warm)
            }
        }
    }

    /// Paths of packs, by the folder that they lie in.
    func packs(under folder: String) -> [String] {
        image.files.keys.filter { $0.hasPrefix(folder + "/") && $0.hasSuffix(".pack") }.sorted()
    }

    /// What an archive gives whose disk was changed.
    struct Answer: Sendable {
        /// Whether it did not even start.
        var isRefused = false
        /// Objects that came back as they were sent.
        var whole = 0
        /// Objects of which reading told an error, or that are not known.
        var missing = 0
        /// What must not be.
        var wrong: [String] = []
        /// What a verification of everything found; `nil` when it was not asked.
        var isFound: Bool?
        /// What one pass of the scrubber found.
        var isScrubbed: Bool?
    }

    /// Starts on a changed disk, reads every object, and looks whether that is found.
    func answer(_ changed: DiskImage, seed: UInt64 = 80, verifies: Bool = true) async -> Answer {
        var answer = Answer()
        let disk = SimulatedDisk(changed)
        let archive: CrashArchive
        do {
            archive = try await CrashArchive(on: disk, seed: seed, storage: Self.storage())
        } catch {
            answer.isRefused = true
            return answer
        }
        for (number, object) in objects.enumerated() {
            switch await read(object, archive) {
            case nil: answer.missing += 1
            case object.file: answer.whole += 1
            default: answer.wrong.append("object \(number) reads as other bytes")
            }
        }
        if verifies {
            do {
                let service = archive.archive.verification
                var (state, position) = (ScrubState(), UID?.none)
                repeat {
                    position = try await service.scrub(
                        after: position,
                        noting: &state,
                        pace: { _, _ in },
                        goesOn: { true }
                    )
                } while position != nil
                answer.isScrubbed = state.damaged + state.repaired > 0
                let report = try await service.verify(as: CrashArchive.administrator)
                // What the scrubber has repaired from the other copy it has found; a verification finds it no more.
                let isRepaired = state.repaired > 0
                answer.isFound =
                    isRepaired || !report.damaged.isEmpty || report.packProblems > 0 || report.unindexed > 0
            } catch {
                answer.isFound = true
                answer.isScrubbed = true
            }
        }
        archive.kill()
        return answer
    }

    /// The bytes of an object; `nil` for an error, or when nobody knows it.
    private func read(_ object: CrashObject, _ archive: CrashArchive) async -> ByteBuffer? {
        do {
            guard let row = try await archive.archive.ingest.catalog.instance(object.instance) else { return nil }
            var bytes = ByteBuffer()
            for try await chunk in try await archive.archive.retrieve.payload(
                of: ArchivedInstance(record: row),
                as: CrashArchive.administrator
            ) {
                bytes.writeImmutableBuffer(chunk)
            }
            return bytes
        } catch {
            return nil
        }
    }

    /// One bit of bytes of a file by chance: of all, or of at most `whole` of them in a whole run, of some in others.
    func flips(of path: String, sample: Int, whole limit: Int = .max) -> [(place: Int, image: DiskImage)] {
        guard let whole = image.files[path] else { return [] }
        var random = SplitMix(seed: UInt64(path.utf8.count))
        let limit = CrashStates.isWhole ? min(limit, whole.readableBytes) : sample
        return BitFlips.places(0..<whole.readableBytes, atMost: limit).map { place in
            let last = min(whole.readableBytes, place + max(1, whole.readableBytes / max(1, limit)))
            let place = place + random.next(below: last - place)
            var bytes = whole
            let byte = bytes.getInteger(at: place, as: UInt8.self) ?? 0
            bytes.setInteger(byte ^ (1 << UInt8(random.next(below: 8))), at: place)
            var changed = image
            changed.files[path] = bytes
            return (place, changed)
        }
    }
}
