import ArchiveCatalog
import DICOMCoding
import DICOMCore
import NIOCore
import Platform
import Sealing

@testable import ArchiveServices
@testable import PackStorage
@testable import cassette

/// What must hold after any crash, as `README.md` numbers it.
struct CrashChecker: Sendable {
    let objects: [CrashObject]

    /// What each sender knows about its object.
    static func answers(_ acknowledged: [Acknowledgement]) -> [Int: Acknowledgement.Answer] {
        var answers: [Int: Acknowledgement.Answer] = [:]
        for acknowledgement in acknowledged {
            // Who was told "stored" once may rely on it for ever.
            // Unless somebody has asked for its deletion since.
            if answers[acknowledgement.object] == .stored {
                guard [.asked, .deleted, .shredded].contains(acknowledgement.answer) else { continue }
            }
            answers[acknowledgement.object] = acknowledgement.answer
        }
        return answers
    }

    /// Everything that is wrong with a recovered archive.
    func violations(
        of archive: CrashArchive,
        _ answers: [Int: Acknowledgement.Answer]
    ) async throws -> [String] {
        var found = recoveryViolations(archive)
        try await archive.archive.ingest.index.catchUp()
        let rows = try await archive.archive.ingest.catalog.allInstances(after: nil, limit: 1_000)
        found += try await rowViolations(archive, rows, answers)
        found += try await packViolations(archive, rows)
        found += try await countViolations(archive, rows)
        found += keyringViolations(archive)
        return found
    }

    /// A crash leaves torn tails, never damage before them.
    private func recoveryViolations(_ archive: CrashArchive) -> [String] {
        let problems = archive.open.recovery.problems + (archive.open.rebuild?.problems ?? [])
        return problems.compactMap { problem in
            switch problem.kind {
            case .tornTail, .quarantined, .shredded: nil
            case .damaged, .keyNotFound, .unreadable, .strangers: "I3: recovery tells \(problem.kind)"
            }
        }
    }

    private func rowViolations(
        _ archive: CrashArchive,
        _ rows: [InstanceRecord],
        _ answers: [Int: Acknowledgement.Answer]
    ) async throws -> [String] {
        var found: [String] = []
        var stored: [UID: [UInt8]] = [:]
        for row in rows {
            stored[row.path.sopInstanceUID] = row.dataSetDigest
            let sent = objects.first {
                $0.instance == row.path.sopInstanceUID && $0.digest == row.dataSetDigest
            }
            guard let sent else {
                found.append("I7: a row of an object that nobody has sent")
                continue
            }
            do {
                let bytes = try await payload(of: row, archive)
                if bytes != sent.file { found.append("I7: an object reads as other bytes") }
            } catch {
                found.append("I2: a row cannot be read: \(error)")
            }
        }
        for (object, answer) in answers.sorted(by: { $0.key < $1.key }) {
            let isThere = stored[objects[object].instance] == objects[object].digest
            if answer == .stored, !isThere { found.append("I1: object \(object) was acknowledged and is gone") }
            if answer == .deleted || answer == .shredded, isThere {
                found.append("I5: object \(object) was deleted and is there")
            }
            if answer == .shredded, !isShredded(objects[object], archive) {
                found.append("I4: the study of object \(object) was shredded and its key is there")
            }
            if answer == .refused, isThere { found.append("I5: object \(object) was refused and is there") }
        }
        return found
    }

    private func isShredded(_ object: CrashObject, _ archive: CrashArchive) -> Bool {
        let keyring = archive.archive.ingest.packs.keyring
        let id = keyring.keyID(for: Array(object.study.string.utf8))
        let isLeft = archive.disk.image.files.contains { path, bytes in
            path.hasPrefix(CrashArchive.folder.packs) && path.hasSuffix(".pack") && bytes.names(id)
        }
        return keyring.isRemoved(id, generation: 1) && !isLeft
    }

    private func payload(of row: InstanceRecord, _ archive: CrashArchive) async throws -> ByteBuffer {
        var bytes = ByteBuffer()
        let instance = ArchivedInstance(record: row)
        for try await chunk in try await archive.archive.retrieve.payload(
            of: instance,
            as: CrashArchive.administrator
        ) {
            bytes.writeImmutableBuffer(chunk)
        }
        _ = try archive.archive.retrieve.archivedHeader(of: instance, as: CrashArchive.administrator).dataSet()
        return bytes
    }

    /// Each record has its row, unless the next record takes it back.
    private func packViolations(_ archive: CrashArchive, _ rows: [InstanceRecord]) async throws -> [String] {
        var found: [String] = []
        var unknown: RandomID?
        let known = Set(rows.map(\.path.sopInstanceUID))
        let survey = try await archive.archive.ingest.packs.forEachRecord { record in
            switch record.kind {
            case .tombstone: if Tombstone(decoding: record.manifest)?.takenBack == unknown { unknown = nil }
            case .edit: break
            case .instance:
                if unknown != nil { found.append("I3: a record without a row") }
                unknown = nil
                guard let manifest = InstanceManifest(decoding: record.manifest) else {
                    found.append("I3: a manifest cannot be read")
                    return
                }
                guard !known.contains(manifest.path.sopInstanceUID) else { return }
                let id = record.location.recordID
                let removed = try await archive.archive.ingest.catalog.removedRecords(among: [id])
                if removed.isEmpty { unknown = id }
            }
        }
        if unknown != nil { found.append("I3: a record without a row") }
        found += survey.problems.map { "I3: after recovery a pack has a problem: \($0.kind)" }
        return found
    }

    private func countViolations(_ archive: CrashArchive, _ rows: [InstanceRecord]) async throws -> [String] {
        let counts = try await archive.archive.counts()
        let studies = Set(rows.map(\.path.studyInstanceUID)).count
        let bytes = rows.reduce(0) { $0 + $1.location.payloadLength }
        let fits =
            counts.instances == rows.count && counts.studies == studies && counts.series == studies
            && counts.payloadBytes == bytes
        return fits ? [] : ["I2: the index counts \(counts) and has \(rows.count) rows of \(studies) studies"]
    }

    private func keyringViolations(_ archive: CrashArchive) -> [String] {
        let files = archive.disk.image.files
        let copies = CrashArchive.folder.keyrings.map { files[$0 + "/keyring"] }
        return copies[0] == copies[1] && copies[0] != nil ? [] : ["I4: the keyring's copies differ"]
    }

    /// Sends every object once more, in order; what was acknowledged must be known.
    func sendAgain(
        to archive: CrashArchive,
        _ answers: [Int: Acknowledgement.Answer]
    ) async throws -> [String] {
        var found: [String] = []
        let session = try archive.archive.ingest.openSession(for: CrashArchive.administrator)
        for object in objects.indices {
            archive.disk.note(Acknowledgement(object: object, answer: .sentAgain))
            let outcome = await archive.send(object, of: objects, in: session)
            switch outcome {
            case .alreadyStored: break
            case .stored:
                // What was deleted may be stored anew.
                if answers[object] == .stored { found.append("I5: object \(object) was taken a second time") }
            case .refused(let refusal):
                if refusal.reason != .differentObjectStored || answers[object] == .stored {
                    found.append("I5: object \(object) cannot be sent again: \(refusal.reason)")
                }
            }
        }
        await session.close()
        return found
    }

    /// The records that are whole and authentic on a disk, before anything is recovered, each with the name of its key.
    func authenticRecords(on image: DiskImage) async throws -> [RandomID: StudyKeyID] {
        let disk = SimulatedDisk(image)
        guard let packs = try await CrashArchive.packStore(on: disk) else { return [:] }
        return try await records(in: packs)
    }

    /// The records that a pack store hands out and that pass the check of every tag.
    func records(in packs: PackStore) async throws -> [RandomID: StudyKeyID] {
        var found: [RandomID: StudyKeyID] = [:]
        try await packs.forEachRecord { record in
            do throws(PackError) {
                try await packs.verify(record.location, context: record.context)
                found[record.location.recordID] = record.location.studyKeyID
            } catch {
                // Not authentic: nobody asks for it.
            }
        }
        return found
    }

    /// The authentic records that are gone, but for those of studies whose shredding has destroyed the key.
    func lostRecords(_ before: [RandomID: StudyKeyID], in archive: CrashArchive) async throws -> [RandomID] {
        let after = try await records(in: archive.archive.ingest.packs)
        let shredded = try await archive.archive.shredder.shreddings(as: CrashArchive.administrator)
            .filter { $0.state >= .keyless }.map { StudyKeyID($0.studyKeyID) }
        let missing = before.filter { after[$0.key] == nil && !shredded.contains($0.value) }
        guard !missing.isEmpty else { return [] }
        // A pack that is going from everywhere is not walked any more; recovery itself leaves it where it is.
        let there = try await authenticRecords(on: archive.disk.image)
        return missing.keys.filter { there[$0] == nil }.sorted()
    }
}

extension ByteBuffer {
    /// Whether the header of a pack names the first key of a study; what was stored anew is under a younger one.
    fileprivate func names(_ id: StudyKeyID) -> Bool {
        guard let beginning = getSlice(at: readerIndex, length: PackIdentity.length) else { return false }
        guard let identity = try? PackIdentity(beginning: beginning) else { return false }
        return identity.studyKeyID == id && identity.keyGeneration == 1
    }
}
