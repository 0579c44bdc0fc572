public import AccessControl
import ArchiveCatalog
import DICOMCore
import Logging
import PackStorage
import Platform
import Sealing
import Synchronization

/// Takes objects in: one session per sender, durable before it says so.
public final class IngestService: Sendable {
    let policy: AccessPolicy
    let packs: PackStore
    let keyring: Keyring
    let catalog: any Catalog
    let index: IndexWriter
    /// Two senders of one SOP Instance UID would otherwise both make it durable; after a crash the one that was refused
    /// could come back in the place of the one that was acknowledged.
    let instances = KeyGate<UID>()
    let owners: StudyOwners
    /// Studies that are being stored into, and those that take nothing now.
    let traffic = StudyTraffic()
    /// Digests of objects that were refused though their record may be whole: recovery may bring them back, so until then
    /// no other bytes are acknowledged under their SOP Instance UIDs.
    let uncertain = Mutex<[UID: [UInt8]]>([:])
    let clock: any WallClock
    let limits: DataSetLimits
    let assumedCharacterSets: AssumedCharacterSets
    let remote: RemoteIngest?
    let waitsForRemote: @Sendable (String) -> Bool
    let logger: Logger
    let figures = IngestFigures()
    /// In how many objects something was odd that was read nevertheless.
    public let quirks = QuirkTally()
    private let isReadOnly = Mutex(false)
    private let nextAdmission = Mutex<ContinuousClock.Instant?>(nil)

    init(on base: ArchiveFoundation, _ setup: LifecycleSetup, limits: DataSetLimits) {
        remote = setup.remoteIngest
        waitsForRemote = setup.waitsForRemote
        assumedCharacterSets = base.assumedCharacterSets
        (policy, clock, logger) = (base.policy, base.clock, base.logger)
        (packs, keyring, catalog) = (base.packs, base.keyring, base.catalog)
        self.limits = limits
        index = IndexWriter(catalog: catalog, logger: logger)
        owners = StudyOwners(catalog: catalog, index: index)
    }

    /// Refuses new objects while the volume is nearly full.
    ///
    /// The volume is asked once a second at most: what arrives within a second is far less than the floor.
    func admit() async throws(PackError) {
        let now = ContinuousClock.now
        let isDue = nextAdmission.withLock { $0.map { $0 <= now } ?? true }
        guard isDue else { return }
        do throws(PackError) {
            try await admitNow()
        } catch {
            figures.noteAdmissionRefusal()
            throw error
        }
        nextAdmission.withLock { $0 = now.advanced(by: .seconds(1)) }
    }

    /// Why nothing new is stored now; `nil` while the archive stores.
    func readOnlyReason() async -> String? {
        do {
            try await admitNow()
        } catch {
            return Self.reason(error)
        }
        do throws(CatalogError) {
            try await index.admit()
            return nil
        } catch {
            return "the index cannot be written: \(error)"
        }
    }

    /// Asks the volume, and tells the log when the answer is another than before.
    private func admitNow() async throws(PackError) {
        do throws(PackError) {
            try await packs.admit()
        } catch {
            guard error.code != .cancelled else { throw error }
            let isNew = isReadOnly.withLock { isReadOnly in
                defer { isReadOnly = true }
                return !isReadOnly
            }
            if isNew {
                logger.error("the archive only reads: \(Self.reason(error))", metadata: [LogKeys.error: "\(error)"])
            }
            throw error
        }
        let wasReadOnly = isReadOnly.withLock { isReadOnly in
            defer { isReadOnly = false }
            return isReadOnly
        }
        if wasReadOnly { logger.notice("the archive stores again") }
    }

    private static func reason(_ error: PackError) -> String {
        switch error.code {
        case .noSpace: "the volume of the data folder is full, or nearly"
        case .volumeSuspect: "the volume of the data folder failed twice within an hour"
        case .disk(.volumeGone): "the volume of the data folder is not mounted"
        default: "the volume of the data folder fails: \(error)"
        }
    }

    /// Opens a session for one association or request; its sender closes it.
    ///
    /// - Throws: `.denied` when the policy does not let `principal` store.
    public func openSession(for principal: Principal) throws(ArchiveError) -> IngestSession {
        guard policy.allows(.store, for: principal) else {
            throw ArchiveError(.denied, "This caller may not store objects")
        }
        return IngestSession(service: self, writer: packs.makeWriter(), principal: principal)
    }
}
