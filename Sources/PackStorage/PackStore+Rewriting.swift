import Logging
public import NIOCore
import Platform
public import Sealing

/// A pack that holds copies of records of others.
public struct RewrittenPack: Sendable, Hashable {
    /// The new pack.
    public let packID: PackID
    /// Where each record lies now, in the order in which they were given.
    public let locations: [RecordLocation]
    /// Its bytes.
    public let length: UInt64
}

extension PackStore {
    private static let copyLength: UInt64 = 1_048_576

    /// Hands out the records of one sealed pack, from wherever it lies.
    ///
    /// - Throws: What `body` throws; `PackError` when the pack cannot be read to its end.
    public func forEachRecord(of id: PackID, _ body: (PackRecord) async throws -> Void) async throws {
        var survey = PackSurvey()
        let here: PackWalker?
        do throws(PackError) {
            here = try await walker(id, isOpen: false)
        } catch {
            guard error.code == .packNotFound, let tiers else { throw error }
            for pack in try await tiers.readable(id)
            where try await walk(pack.uncached, tiers.walkDirectory, &survey, body) != nil {
                return try Self.check(survey)
            }
            throw error
        }
        guard let here else { throw PackError(.malformedPack, packID: id, offset: 0) }
        try await walk(here, &survey, body)
        try Self.check(survey)
    }

    private static func check(_ survey: PackSurvey) throws(PackError) {
        guard let problem = survey.problems.first else { return }
        throw PackError(.malformedPack, packID: problem.packID, offset: problem.offset)
    }

    /// Whether a pack takes records still, or is about to be sealed.
    public func isUnsealed(_ id: PackID) async throws(PackError) -> Bool {
        let files = files
        return try await work { try files.disk.exists(files.openPath(id)) }
    }

    /// Whether a pack is among the sealed ones of the data folder.
    public func isSealed(_ id: PackID) async throws(PackError) -> Bool {
        let files = files
        return try await work { try files.disk.exists(files.sealedPath(id)) }
    }

    /// Copies sealed records as they are into a new pack, and ends it with a tombstone.
    ///
    /// The keys of a record hang on its id and on its study's key, not on its pack, so nothing is sealed anew. The new
    /// pack is whole and durable when this returns, among the open packs: after a crash recovery hands its records out. It
    /// is not sealed before ``release(_:)``. Memory is bounded but for the places: what a record belongs to is read again.
    ///
    /// - Parameters:
    ///   - records: Records under one study key, each checked to its last byte before it is copied.
    ///   - closing: The manifest of the tombstone.
    public func rewrite(_ records: [RecordLocation], closing: ByteBuffer) async throws(PackError) -> RewrittenPack {
        guard let first = records.first else { throw PackError(.wrongOrder) }
        let key = try key(of: first)
        let id = PackID(RandomID(random: random))
        let header = PackHeader(packID: id, studyKeyID: key.id, keyGeneration: key.generation)
        let draft = files.directory + "/.incoming/" + RandomID(random: random).hex
        let files = files
        let file = try await work { () -> any DiskFile in
            try files.disk.makeDirectory(files.directory + "/.incoming")
            return try files.disk.open(draft, .createNew)
        }
        do throws(PackError) {
            var output = PackOutput(file: file, pool: pool)
            try await output.append(header.encoded)
            var locations: [RecordLocation] = []
            for record in records {
                guard record.studyKeyID == key.id, record.keyGeneration == key.generation else {
                    throw PackError(.wrongOrder, packID: record.packID)
                }
                try await verify(record, context: try await readEnd(of: record).context)
                let start = output.length
                try await copy(record, into: &output)
                locations.append(record.moved(to: id, offset: start))
            }
            try await output.append(
                try SealedRecord.encoded(.tombstone, manifest: closing, studyKey: key, random: random)
            )
            try await output.finish()
            registry.add(id)
            try await publish(draft, as: id, length: output.length)
            return RewrittenPack(packID: id, locations: locations, length: output.length)
        } catch {
            registry.remove(id)
            await pool.runToEnd { Self.drop(draft, files.disk) }
            throw error
        }
    }

    /// The packs under a key, open and sealed, whatever they hold and wherever they lie; reads the header of each.
    ///
    /// - Parameter known: Packs of which the key is known already; they are not looked at.
    /// - Throws: What reading a header throws, unless the header itself is wrong or frozen: what cannot be read now may be
    ///   one of them.
    public func packs(under key: StudyKeyID, except known: Set<PackID>) async throws(PackError) -> [PackID] {
        var found: [PackID] = []
        for pack in try await filed() where !known.contains(pack) {
            do throws(PackError) {
                let beginning = try await bytes(of: pack, range: 0..<UInt64(PackIdentity.length))
                if try PackIdentity(beginning: beginning).studyKeyID == key { found.append(pack) }
            } catch {
                guard error.code.holdsForEver else { throw error }
                // One that is damaged or frozen, and in which no row lies, holds nothing up: what lies in it opens to nobody
                // once the key is gone.
                logger.error(
                    "the header of a pack cannot be read",
                    metadata: [LogKeys.packID: "\(pack.hex)", LogKeys.error: "\(error.description)"]
                )
            }
        }
        return found
    }

    /// Lets a rewritten pack be sealed: the index knows of it.
    public func release(_ pack: RewrittenPack) {
        registry.addClosed(pack.packID, length: pack.length)
    }

    /// Removes a pack from the data folder, durably; one that is not there is fine.
    ///
    /// - Throws: `.stillOpen` for one that will be sealed, or is not under a removed key.
    public func removeHere(_ id: PackID) async throws(PackError) {
        if try await isOpen(id) { try await removeKeyless(id) }
        try await removeSealed(id)
    }

    /// Removes an open pack that is never sealed and whose key was removed.
    ///
    /// Such a one was given up, or a recovery could not read it to its end.
    ///
    /// - Throws: `.stillOpen`.
    func removeKeyless(_ id: PackID) async throws(PackError) {
        let files = files
        let beginning = try await work { try files.file(id).read(at: 0, count: PackIdentity.length) }
        let identity = try PackIdentity(beginning: beginning)
        guard keyring.isRemoved(identity.studyKeyID, generation: identity.keyGeneration), registry.isGivenUp(id) else {
            throw PackError(.stillOpen, packID: id)
        }
        try await work {
            files.forget(id)
            try files.disk.unlink(files.openPath(id))
            try files.disk.syncDirectory(files.openDirectory)
        }
        registry.remove(id)
    }

    /// Removes a sealed pack from the data folder, durably; one that is not there is fine.
    public func removeSealed(_ id: PackID) async throws(PackError) {
        files.forget(id)
        do throws(BlobStoreError) {
            try await files.sealedPacks.delete(id.blobKey)
        } catch {
            throw PackError(error, packID: id)
        }
        files.forget(id)
    }

    private func copy(_ location: RecordLocation, into output: inout PackOutput) async throws(PackError) {
        var offset = location.offset
        let end = try location.offset.adding(location.recordLength)
        while offset < end {
            let next = min(end, offset + Self.copyLength)
            let begin = ContinuousClock.now
            let bytes = try await sealedBytes(of: location, range: offset..<next)
            guard UInt64(bytes.readableBytes) == next - offset else {
                throw PackError(.malformedPack, packID: location.packID, offset: offset)
            }
            try await output.append(bytes)
            offset = next
            await traffic.giveWay(after: .now - begin)
        }
    }

    private func sealedBytes(of location: RecordLocation, range: Range<UInt64>) async throws(PackError) -> ByteBuffer {
        try await wherever(location) { () async throws(PackError) in
            try await bytes(of: location.packID, range: range)
        } elsewhere: { pack in
            try await pack.bytes(range)
        }
    }

    /// Gives the draft its name among the open packs.
    private func publish(_ draft: String, as id: PackID, length: UInt64) async throws(PackError) {
        let files = files
        try await work {
            try files.disk.makeDirectory(files.openDirectory)
            try files.disk.rename(draft, to: files.openPath(id))
            try files.disk.syncDirectory(files.openDirectory)
        }
    }

    private static func drop(_ draft: String, _ disk: any Disk) {
        do {
            try disk.unlink(draft)
        } catch {
            // Renamed already, or never made; what is left over goes at the next start.
        }
    }
}

extension RecordLocation {
    /// The same record in another pack.
    fileprivate func moved(to pack: PackID, offset: UInt64) -> RecordLocation {
        RecordLocation(
            packID: pack,
            offset: offset,
            recordID: recordID,
            studyKeyID: studyKeyID,
            keyGeneration: keyGeneration,
            payloadLength: payloadLength,
            manifestLength: manifestLength,
            recordLength: recordLength
        )
    }
}

/// The file of a pack that is written from the beginning to the end, and then read back.
struct PackOutput: Sendable {
    private static let readLength: UInt64 = 1_048_576

    private let file: any DiskFile
    private let pool: WorkPool
    private var digest = BlobDigest()
    private(set) var length: UInt64 = 0

    init(file: any DiskFile, pool: WorkPool) {
        self.file = file
        self.pool = pool
    }

    mutating func append(_ bytes: ByteBuffer) async throws(PackError) {
        let (file, offset) = (file, length)
        do {
            try await pool.run { try file.write(bytes, at: offset) }
        } catch {
            throw PackError(error)
        }
        digest.update(bytes)
        length += UInt64(bytes.readableBytes)
    }

    /// Makes it durable and compares what the disk gives back.
    func finish() async throws(PackError) {
        let (file, length, wanted) = (file, length, digest.value)
        do {
            try await pool.run {
                try file.synchronize()
                var found = BlobDigest()
                var offset: UInt64 = 0
                while offset < length {
                    let count = Int(min(length - offset, Self.readLength))
                    let bytes = try file.read(at: offset, count: count)
                    guard bytes.readableBytes > 0 else { break }
                    found.update(bytes)
                    offset += UInt64(bytes.readableBytes)
                }
                guard found.value == wanted else { throw PackError(.malformedPack) }
                try file.close()
            }
        } catch {
            throw PackError(error)
        }
    }
}

extension PackError.Code {
    /// Whether the same header will be no better read another time, or nobody knows when.
    fileprivate var holdsForEver: Bool {
        switch self {
        case .malformedPack, .unsupportedVersion, .packNotFound, .frozen: true
        default: false
        }
    }
}
