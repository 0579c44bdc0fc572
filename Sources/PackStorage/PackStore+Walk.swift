import NIOCore
import Platform
import Sealing

extension PackStore {
    /// Hands out every record, pack by pack, in the order of writing.
    ///
    /// The packs of the data folder first, then those that lie elsewhere only, as the lists of the stores tell. What stands
    /// in the way is told in the result and skipped.
    ///
    /// - Throws: What `body` throws; `PackError` when a folder or store cannot be listed.
    @discardableResult
    public func forEachRecord(
        in scope: WalkScope = .everywhere,
        _ body: (PackRecord) async throws -> Void
    ) async throws -> PackSurvey {
        var survey = PackSurvey()
        for id in try await openPacks(&survey) {
            try await walk(id, isOpen: true, &survey, body)
        }
        let sealed = try await sealedPacks()
        for id in sealed where try await isWanted(id) {
            try await walk(id, isOpen: false, &survey, body)
        }
        if scope != .dataFolder {
            try await walkElsewhere(besides: Set(sealed), adopts: scope == .everywhereAdopting, &survey, body)
        }
        return survey
    }

    /// The open packs, sorted.
    func openPacks(_ survey: inout PackSurvey) async throws(PackError) -> [PackID] {
        let files = files
        let (packs, strangers) = try await work { try files.openPacks() }
        if strangers > 0 {
            survey.problems.append(PackProblem(.strangers, packID: nil, byteCount: UInt64(strangers)))
        }
        return packs
    }

    /// The sealed packs of the data folder, sorted.
    func sealedPacks() async throws(PackError) -> [PackID] {
        do throws(BlobStoreError) {
            return try await files.sealedPacks.listAll().compactMap { PackID($0.key, in: .hot) }.sorted()
        } catch {
            throw PackError(error)
        }
    }

    private func walk(
        _ id: PackID,
        isOpen: Bool,
        _ survey: inout PackSurvey,
        _ body: (PackRecord) async throws -> Void
    ) async throws {
        survey.packCount += 1
        let opened: PackWalker?
        do throws(PackError) {
            opened = try await walker(id, isOpen: isOpen)
        } catch {
            survey.problems.append(PackProblem(PackProblem.Kind(error), packID: id, offset: error.offset ?? 0))
            return
        }
        guard let walker = opened else { return }
        try await walk(walker, &survey, body)
    }

    /// Hands out what a walker finds.
    func walk(
        _ walker: PackWalker,
        _ survey: inout PackSurvey,
        _ body: (PackRecord) async throws -> Void
    ) async throws {
        var walker = walker
        let id = walker.packID
        while true {
            // A place that the disk does not give back ends the walk of this pack, not of the others.
            guard let (records, next) = try await readable(walker, &survey, batch) else { return }
            walker = next
            for record in records {
                survey.recordCount += 1
                try await body(record)
            }
            guard records.isEmpty else { continue }
            guard let obstacle = walker.obstacle else { return }
            // The record that is just being written is no damage.
            let isUnfinished = walker.isOpenPack && registry.durableLength(id) == nil && !obstacle.isComplete
            guard let (goesOn, skipped) = try await readable(walker, &survey, skip) else { return }
            if goesOn || !isUnfinished {
                survey.problems.append(PackProblem(.damaged, packID: id, offset: obstacle.offset))
            }
            guard goesOn else { return }
            walker = skipped
        }
    }

    /// What `step` gives; `nil`, with a line in the survey, when the disk does not give the bytes back.
    ///
    /// - Throws: `.cancelled` alone.
    func readable<Step>(
        _ walker: PackWalker,
        _ survey: inout PackSurvey,
        _ step: (PackWalker) async throws(PackError) -> Step
    ) async throws(PackError) -> Step? {
        do throws(PackError) {
            return try await step(walker)
        } catch {
            guard error.code != .cancelled else { throw error }
            survey.problems.append(PackProblem(PackProblem.Kind(error), packID: walker.packID, offset: walker.offset))
            return nil
        }
    }

    /// A walker at the first record; `nil` when the pack has not even a header yet.
    ///
    /// - Throws: `.keyNotFound`, `.malformedPack`, `.unsupportedVersion`, `.packNotFound`, `.disk`.
    func walker(_ id: PackID, isOpen: Bool) async throws(PackError) -> PackWalker? {
        let files = files
        let known = registry.durableLength(id)
        do {
            return try await pool.run {
                let file = try files.file(id)
                return try self.walker(file, id, length: known, isOpen: isOpen)
            }
        } catch {
            throw PackError(error, packID: id)
        }
    }

    /// A walker over a file that holds a pack.
    ///
    /// Blocks.
    func walker(_ file: any DiskFile, _ id: PackID, length: UInt64?, isOpen: Bool) throws -> PackWalker? {
        let size = try file.size()
        let length = min(length ?? size, size)
        guard length >= UInt64(PackHeader.length) else { return nil }
        let header = try PackHeader(decoding: file.read(at: 0, count: PackHeader.length))
        guard header.packID == id else { throw PackError(.malformedPack, packID: id, offset: 0) }
        let key = try keyring.existingStudyKey(header.studyKeyID, generation: header.keyGeneration)
        guard let key else {
            let isRemoved = keyring.isRemoved(header.studyKeyID, generation: header.keyGeneration)
            throw PackError(isRemoved ? .keyRemoved : .keyNotFound, packID: id)
        }
        return PackWalker(file: file, length: length, header: header, key: key, isOpenPack: isOpen)
    }

    /// The next records, up to 256 or 4 MiB of manifests; none at the end or at an obstacle.
    func batch(_ walker: PackWalker) async throws(PackError) -> ([PackRecord], PackWalker) {
        try await work {
            var walker = walker
            var records: [PackRecord] = []
            var byteCount = 0
            while records.count < 256, byteCount < 4 * 1_024 * 1_024, let record = try walker.next() {
                records.append(record)
                byteCount += record.manifest.readableBytes
            }
            return (records, walker)
        }
    }

    /// Tries to go on behind an obstacle.
    func skip(_ walker: PackWalker) async throws(PackError) -> (Bool, PackWalker) {
        try await work {
            var walker = walker
            let goesOn = try walker.skipObstacle()
            return (goesOn, walker)
        }
    }
}

extension PackProblem.Kind {
    /// The problem for an error that kept a pack from being walked.
    init(_ error: PackError) {
        switch error.code {
        case .keyNotFound: self = .keyNotFound
        case .keyRemoved: self = .shredded
        case .malformedPack: self = .damaged
        default: self = .unreadable(error.code)
        }
    }
}
