import ArchiveCatalog
import ArchiveServices
import CatalogSQLite
import Logging
import PackStorage
import Platform
import Sealing

/// Makes the index again from the packs.
struct IndexBuilder: Sendable {
    let folder: DataFolder
    let key: [UInt8]
    let packs: PackStore
    let keyring: Keyring
    let disk: any Disk
    let configuration: SQLiteCatalogConfiguration
    let assumedCharacterSets: AssumedCharacterSets
    let pool: WorkPool
    let logger: Logger

    /// Makes the index again when that is wished, or there is none; `nil` when it stays.
    ///
    /// The index is a projection: one that was removed, or cut to nothing, is made again from the packs.
    private func rebuild(_ wish: IndexRebuild) async throws -> RecoveryReport? {
        if try SQLiteCatalog.isWithoutPages(folder.index, disk: disk) { try Self.remove(folder.index, disk) }
        guard try wish != .ifMissing || !disk.exists(folder.index) else { return nil }
        return try await rebuild(isForced: wish == .forced)
    }

    /// Opens the index, after making it again when that is wished, when there is none, or when an earlier version of this
    /// program made it.
    func open(_ wish: IndexRebuild) async throws -> (catalog: SQLiteCatalog, rebuild: RecoveryReport?) {
        let report = try await rebuild(wish)
        do throws(CatalogError) {
            return (try await openIndex(), report)
        } catch {
            guard error.code == .outdated else { throw error }
            logger.notice("an earlier version made the index: it is made again from the packs")
            let report = try await rebuild(.wanted)
            return (try await openIndex(), report)
        }
    }

    private func openIndex() async throws(CatalogError) -> SQLiteCatalog {
        try await SQLiteCatalog.open(path: folder.index, key: key, pool: pool, configuration: configuration)
    }

    /// Builds the index beside the old one and puts it in its place when it is whole, so that a crash in between leaves
    /// the old one, or none.
    private func rebuild(isForced: Bool) async throws -> RecoveryReport {
        let draft = folder.index + ".building"
        try Self.remove(draft, disk)
        let catalog = try await SQLiteCatalog.open(path: draft, key: key, pool: pool, configuration: configuration)
        let report = try await walk(into: catalog)
        try await catalog.close()
        try await refuse(report, isForced: isForced, draft)
        // An index that knows more than the packs that can be read now is worth keeping: a disk may not be mounted.
        guard try report.isWhole || isForced || !disk.exists(folder.index) else {
            try Self.remove(draft, disk)
            throw CommandFailure(
                "\(report.problemCount) packs or records cannot be read, so the old index stays. Is a disk missing? "
                    + "`cassette index rebuild --force` takes what there is (\(report.inserted) instances)"
            )
        }
        if report.isWhole { try Self.remove(folder.index, disk) } else { try Self.setAside(folder.index, disk) }
        try disk.rename(draft, to: folder.index)
        try disk.syncDirectory(folder.path)
        return report
    }

    private func walk(into catalog: SQLiteCatalog) async throws -> RecoveryReport {
        // A keyring that was made just now opens nothing that any store has.
        guard !keyring.isNew else { return RecoveryReport() }
        do {
            return try await Archive.rebuild(
                catalog,
                from: packs,
                keyring: keyring,
                assumedCharacterSets: assumedCharacterSets,
                logger: logger
            )
        } catch let error as PackError {
            throw CommandFailure(
                "The index cannot be made from the packs: \(error.description). What was there stays as it is: start again "
                    + "when the store answers"
            )
        }
    }

    /// Refuses an index without the packs that a store or the disk does not give now: they would be there and never be found.
    private func refuse(_ report: RecoveryReport, isForced: Bool, _ draft: String) async throws {
        let lacking = report.problems.filter(\.isOutOfReach)
        guard !isForced, !lacking.isEmpty else { return }
        try Self.remove(draft, disk)
        var frozen = 0
        for problem in lacking where problem.kind == .unreadable(.frozen) {
            frozen += 1
            try await packs.thaw(problem, days: 7)
        }
        let stores = Set(lacking.map { $0.store ?? .hot }).sorted().map(\.text).joined(separator: ", ")
        throw CommandFailure(
            "The index cannot be made whole: \(lacking.count) packs or lists of packs in the store \(stores) cannot be "
                + "read now" + (frozen > 0 ? ", \(frozen) packs are frozen and were asked to thaw" : "")
                + ". What was there stays as it is: start again when the store gives them. `cassette index rebuild --force` "
                + "takes what there is (\(report.inserted) instances); when `cassette tiers prefetch` or the store has "
                + "brought the rest, rebuild once more"
        )
    }

    /// Keeps an index that may know more than the new one; of the kept ones the last stays.
    private static func setAside(_ index: String, _ disk: any Disk) throws {
        guard try disk.exists(index) else { return try remove(index, disk) }
        let kept = index + ".old"
        try remove(kept, disk)
        // The database first, as above.
        for suffix in ["", "-wal", "-shm"] where try disk.exists(index + suffix) {
            try disk.rename(index + suffix, to: kept + suffix)
        }
    }

    /// Removes an index with what SQLite puts beside it.
    private static func remove(_ index: String, _ disk: any Disk) throws {
        // The database first: without it the next start rebuilds, whatever of the rest is left by a crash in between.
        for suffix in ["", "-wal", "-shm"] where try disk.exists(index + suffix) {
            try disk.unlink(index + suffix)
        }
    }
}

/// When the index is made again from the packs.
enum IndexRebuild: Sendable {
    /// When there is none.
    case ifMissing
    /// In any case, but a good index is not given up for packs that cannot be read.
    case wanted
    /// In any case.
    case forced
}

extension PackProblem {
    /// Whether a pack may be read later that a store, or the disk, does not give now.
    fileprivate var isOutOfReach: Bool {
        guard case .unreadable(let code) = kind else { return false }
        switch code {
        case .disk: return true
        case .frozen: return store != nil
        case .store(let code): return store != nil && code != .corrupt
        default: return false
        }
    }
}

extension RecoveryReport {
    /// What could not be read, or contradicts what was.
    var problemCount: Int {
        problems.count { $0.kind != .tornTail && $0.kind != .strangers && $0.kind != .shredded } + conflicts
            + unreadable
    }

    /// Whether all packs were read, and there were any.
    var isWhole: Bool { problemCount == 0 && packs > 0 }
}
