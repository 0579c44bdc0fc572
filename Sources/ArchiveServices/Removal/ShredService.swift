public import AccessControl
public import ArchiveCatalog
public import DICOMCore
import Logging
import PackStorage
public import Platform
import Sealing

/// Destroys studies with their keys, step by step, and certifies it.
///
/// Each step is written into the registry when it is done, and may be repeated. Before the keys are gone a stop or a failure
/// takes the shredding back: the study lies in the bin then. After that it goes forward only, however often it is interrupted;
/// the study may be stored anew meanwhile, under a younger key, and no step touches that.
public final class ShredService: Sendable {
    /// How long the end of an epoch waits for more.
    private static let epochTime: Duration = .seconds(86_400)

    private let removal: RemovalService
    private let registry: any RemovalRegistry
    private let keyring: Keyring
    /// Makes a new root key for the keyring; `nil` where only an operator can.
    private let renewRootKey: (@Sendable (Keyring) async throws -> Void)?
    private let sealPacks: @Sendable () async throws -> Void
    private let epochs = KeyGate<Int>()

    init(
        removal: RemovalService,
        registry: any RemovalRegistry,
        keyring: Keyring,
        renewRootKey: (@Sendable (Keyring) async throws -> Void)?,
        sealPacks: @escaping @Sendable () async throws -> Void
    ) {
        self.removal = removal
        self.registry = registry
        self.keyring = keyring
        self.renewRootKey = renewRootKey
        self.sealPacks = sealPacks
    }

    /// Destroys a study as far as it goes at once: hidden, without key, its packs removed.
    ///
    /// It is complete only after the epoch: copies of the keyring hold its keys until then. See ``endEpoch(as:)``.
    ///
    /// - Throws: `.denied`, `.notFound`, `.conflict` under a hold or where a second administrator must confirm;
    ///   `.unavailable` when a store did not confirm: then it goes on by itself.
    public func shred(
        _ study: UID,
        reason: String = "",
        as principal: Principal
    ) async throws(ArchiveError) -> Shredding {
        try removal.authorize(.shred, principal)
        return try await begin(study, reason: reason, by: principal.name)
    }

    /// All shreddings, the oldest first.
    public func shreddings(as principal: Principal) async throws(ArchiveError) -> [Shredding] {
        try removal.authorize(.shred, principal)
        return try await registryAnswer { () async throws(RegistryError) in
            try await registry.shreddings(openOnly: false)
        }
    }

    /// One shredding.
    public func shredding(_ id: RandomID, as principal: Principal) async throws(ArchiveError) -> Shredding {
        try removal.authorize(.shred, principal)
        let found = try await registryAnswer { () async throws(RegistryError) in try await registry.shredding(id) }
        guard let found else { throw ArchiveError(.notFound, "There is no such shredding") }
        return found
    }

    /// Ends the epoch: wraps all living keys anew, destroys the older key-encryption keys, and certifies what waited for it.
    ///
    /// Older backups open with a newer keyring only, afterwards: take a backup.
    ///
    /// - Parameter rootKey: Whether the root key is renewed, too; then every copy of the old one is worthless.
    /// - Returns: The shreddings that are complete now.
    /// - Throws: `.conflict` when the root key is not this program's to renew, or is in nobody's escrow.
    public func endEpoch(
        _ rootKey: RootKeyWish = .keep,
        as principal: Principal
    ) async throws(ArchiveError) -> [Shredding] {
        try removal.authorize(.shred, principal)
        if case .renew(let withoutEscrow) = rootKey {
            guard renewRootKey != nil else {
                throw ArchiveError(
                    .conflict,
                    "Only a root key file in its own place is renewed here: use `cassette keys rewrap` for this one"
                )
            }
            let isEscrowed = await !keyring.status().recoveryKeys.isEmpty
            guard isEscrowed || withoutEscrow else {
                throw ArchiveError(
                    .conflict,
                    "The archive is in nobody's escrow, and copies of the root key would open nothing any more: first "
                        + "`cassette keys escrow add`, or say that you will copy the new root key (--without-escrow)"
                )
            }
        }
        return try await endEpoch(rootKey)
    }

    /// Goes on with what was interrupted; at start, and from time to time.
    ///
    /// One that cannot go on holds no other up.
    func resume() async throws(ArchiveError) {
        let open = try await registryAnswer { () async throws(RegistryError) in
            try await registry.shreddings(openOnly: true)
        }
        for shredding in open where shredding.state < .packsDeleted {
            guard !Task.isCancelled else { return }
            guard let study = shredding.studyInstanceUID else { continue }
            await removal.studies.enter(study)
            defer { removal.studies.leave(study) }
            do throws(ArchiveError) {
                try await settle(shredding.id, study)
            } catch {
                removal.logger.error(
                    "a shredding does not go on yet; it will be tried again",
                    metadata: [LogKeys.recordID: "\(shredding.id.hex)", LogKeys.error: "\(error)"]
                )
            }
        }
    }

    /// Takes an interrupted shredding back when its keys are there, and brings it on when they are gone.
    ///
    /// What was acknowledged since may be under those keys, so nothing that an earlier run has looked at counts any more.
    private func settle(_ id: RandomID, _ study: UID) async throws(ArchiveError) {
        // Others may have brought it to its end before the gate let this one in.
        let found = try await registryAnswer { () async throws(RegistryError) in try await registry.shredding(id) }
        guard let found, found.state < .packsDeleted else { return }
        guard !isKeyless(found) else {
            _ = try await goOn(found, study)
            return
        }
        // The removal of the keys may have failed when one place had it already: the next start would go by that.
        do {
            try await keyring.confirm()
        } catch {
            throw RemovalService.archiveError(error)
        }
        // Nothing is destroyed: the study stays in the bin, where it can be restored.
        try await registryAnswer { () async throws(RegistryError) in try await registry.removeShredding(id) }
        removal.logger.notice("a shredding was taken back: the study is in the bin")
    }

    private func isKeyless(_ shredding: Shredding) -> Bool {
        switch shredding.state {
        case .tombstoned: false
        case .holdChecked:
            keyring.isRemoved(StudyKeyID(shredding.studyKeyID), generation: shredding.keyGeneration)
        case .keyless, .packsDeleted, .epochDestroyed, .certified: true
        }
    }

    private func begin(_ study: UID, reason: String, by name: String) async throws(ArchiveError) -> Shredding {
        await removal.studies.enter(study)
        defer { removal.studies.leave(study) }
        let open = try await registryAnswer { () async throws(RegistryError) in
            try await registry.shreddings(openOnly: true)
        }
        // One that was interrupted comes first: two at a time would each count what is the other's.
        for earlier in open where earlier.studyInstanceUID == study { try await settle(earlier.id, study) }
        try removal.refuse(try await removal.holds.isHeld(study))
        let keyID = keyring.keyID(for: Array(study.string.utf8))
        guard try await isKnown(study, keyID) else { throw ArchiveError(.notFound, "There is no such study") }
        if let limit = removal.configuration.instancesWithoutConfirmation {
            let count = try await visibleInstances(study).count
            guard count <= limit else {
                throw ArchiveError(.conflict, "So many instances need a second administrator: delete the study first")
            }
        }
        var shredding = Shredding(
            id: RandomID(random: removal.random),
            studyInstanceUID: study,
            studyKeyID: keyID.rawValue,
            requestedBy: name,
            reason: String(decoding: reason.utf8.prefix(200), as: UTF8.self),
            requestedAt: removal.clock.now()
        )
        try await save(&shredding, .tombstoned)
        do throws(ArchiveError) {
            return try await goOn(shredding, study)
        } catch {
            do throws(ArchiveError) {
                let now = try await registryAnswer { () async throws(RegistryError) in
                    try await registry.shredding(shredding.id)
                }
                if let now, !isKeyless(now) { try await settle(now.id, study) }
            } catch {
                removal.logger.warning(
                    "a shredding that failed is taken back later",
                    metadata: [LogKeys.error: "\(error)"]
                )
            }
            throw error
        }
    }

    /// Does all steps that are left before the epoch.
    private func goOn(_ before: Shredding, _ study: UID) async throws(ArchiveError) -> Shredding {
        var shredding = before
        var takesObjects = true
        await removal.ingest.traffic.close(study)
        defer { if takesObjects { removal.ingest.traffic.open(study) } }
        do {
            if shredding.state < .holdChecked {
                try await prepare(&shredding, study)
                try await save(&shredding, .holdChecked)
            }
            if shredding.state < .keyless {
                if !isKeyless(shredding) {
                    // Once more: since the study was looked at somebody may have placed one.
                    try removal.refuse(try await removal.holds.isHeld(study))
                    try await keyring.removeStudyKeys(
                        [StudyKeyID(shredding.studyKeyID)],
                        through: shredding.keyGeneration
                    )
                }
                // Until it is written that the keys are gone, what comes would be taken for a part of what goes.
                takesObjects = false
                try await saveKeyless(&shredding, study)
                takesObjects = true
            }
            if shredding.state < .packsDeleted {
                try await clear(&shredding, study)
                shredding.studyInstanceUID = nil
                try await save(&shredding, .packsDeleted)
            }
        } catch {
            throw RemovalService.archiveError(error)
        }
        removal.logger.notice(
            "a study is shredded but for the epoch of its keys",
            metadata: [LogKeys.recordID: "\(shredding.id.hex)", LogKeys.count: "\(shredding.packs.count)"]
        )
        return shredding
    }

    /// Hides the study, and notes all that goes; nothing comes into it meanwhile.
    private func prepare(_ shredding: inout Shredding, _ study: UID) async throws {
        let visible = try await visibleInstances(study)
        if !visible.isEmpty {
            let scope = ArchiveScope(studyInstanceUID: study)
            _ = try await removal.moveIntoBin(scope, visible, reason: shredding.reason, by: shredding.requestedBy)
        }
        shredding.instanceCount = visible.count
        try await sealPacks()
        guard try await visibleInstances(study).isEmpty else {
            throw ArchiveError(.conflict, "The study has changed meanwhile: ask for its destruction again")
        }
        try removal.refuse(try await removal.holds.isHeld(study))
        let keyID = StudyKeyID(shredding.studyKeyID)
        shredding.packs = try await packs(of: study, keyID).map(\.rawValue)
        shredding.keyGeneration = keyring.newestGeneration(of: keyID) ?? 0
    }

    /// Writes that the keys are gone, and forgets what was kept of the study.
    private func saveKeyless(_ shredding: inout Shredding, _ study: UID) async throws {
        // Asked now: what was the newest version before may have been replaced while the key was there.
        shredding.kekVersion = await keyring.status().activeVersion
        // Under a younger key the study was stored anew: what is kept of it now is not of this one.
        let newest = keyring.newestGeneration(of: StudyKeyID(shredding.studyKeyID)) ?? 0
        guard newest <= shredding.keyGeneration else { return try await save(&shredding, .keyless) }
        shredding.state = .keyless
        shredding.changedAt = removal.clock.now()
        try await registry.forgetStudy(study, saving: shredding)
    }

    /// Removes rows and packs of the study; what came after its keys were gone stays.
    private func clear(_ shredding: inout Shredding, _ study: UID) async throws {
        let headers = removal.headers
        let count = try await removal.catalog.purge(study: study, through: shredding.keyGeneration) {
            try headers.values(of: $0)
        }
        shredding.instanceCount = max(shredding.instanceCount, count)
        removal.ingest.owners.forget(study)
        var failure: (any Error)?
        for pack in shredding.packs {
            do {
                try await removal.destroyer.destroy(PackID(pack))
                try await removal.catalog.forgetPack(pack)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Ends the epoch when something has waited a day for it, however often the program was started since.
    func endEpochWhenDue() async throws(ArchiveError) {
        let limit = removal.clock.now().advanced(by: .zero - Self.epochTime)
        let open = try await registryAnswer { () async throws(RegistryError) in
            try await registry.shreddings(openOnly: true)
        }
        let isDue = open.contains {
            $0.state == .epochDestroyed || ($0.state == .packsDeleted && $0.changedAt <= limit)
        }
        if isDue { try await endEpoch() }
    }

    /// Ends the epoch when something waits for it, or a new root key is wished.
    @discardableResult
    func endEpoch(_ rootKey: RootKeyWish = .keep) async throws(ArchiveError) -> [Shredding] {
        await epochs.enter(0)
        defer { epochs.leave(0) }
        let waiting = try await registryAnswer { () async throws(RegistryError) in
            try await registry.shreddings(openOnly: true).filter { $0.state >= .packsDeleted }
        }
        let newest = waiting.map(\.kekVersion).max()
        guard newest != nil || rootKey.isRenewal else { return [] }
        do {
            if let newest, waiting.contains(where: { $0.state == .packsDeleted }) {
                try await destroyKEKs(upTo: newest)
            }
            if rootKey.isRenewal {
                // Old copies of the keyring hold their versions under the old root key.
                try await renewRootKey?(keyring)
                removal.logger.notice("the root key was renewed: copy the new one, copies of the old one open nothing")
            }
            var done: [Shredding] = []
            for shredding in waiting {
                var shredding = shredding
                if shredding.state < .epochDestroyed { try await save(&shredding, .epochDestroyed) }
                shredding.certificate = try await certificate(of: shredding, rootKey)
                try await save(&shredding, .certified)
                done.append(shredding)
            }
            removal.logger.notice(
                "an epoch of keys ended: shreddings are complete",
                metadata: [LogKeys.count: "\(done.count)"]
            )
            return done
        } catch {
            throw RemovalService.archiveError(error)
        }
    }

    /// Destroys every version under which a removed key may stand in an old copy of the keyring.
    private func destroyKEKs(upTo newest: UInt32) async throws {
        // A rotation that was interrupted after its new version goes on with it.
        let status = await keyring.status()
        if status.activeVersion <= newest || status.isRotating { try await keyring.rotate() }
        let active = await keyring.status().activeVersion
        for kek in await keyring.status().keks where kek.version < active && kek.state != .destroyed {
            try await keyring.destroyKEK(version: kek.version)
        }
    }

    private func certificate(of shredding: Shredding, _ rootKey: RootKeyWish) async throws -> [UInt8] {
        let status = await keyring.status()
        let destroyed = status.keks.filter { $0.state == .destroyed && $0.version <= shredding.kekVersion }
        let signer = try await keyring.certificateSigner()
        let certificate = try signer.sign(
            kind: "shred",
            made: removal.clock.now(),
            fields: [
                "shredding": .string(shredding.id.hex),
                "studyKeyID": .string(shredding.studyKeyID.hex),
                "requestedBy": .string(shredding.requestedBy),
                "reason": .string(shredding.reason),
                "requestedAt": .string(shredding.requestedAt.description),
                "instances": .integer(Int64(shredding.instanceCount)),
                "packs": .array(shredding.packs.map { .string($0.hex) }),
                "destroyedKeyEncryptionKeys": .array(destroyed.map { .integer(Int64($0.version)) }),
                "rootKey": .string(rootKey.isRenewal ? "renewed" : "kept"),
                "olderKeyringCopies": .string(
                    rootKey.isRenewal
                        ? "open with no key that the archive still has"
                        : "hold the key of the \(shredding.subject.rawValue) for whoever has the root key, until that is "
                            + "renewed or destroyed"
                ),
                "method": .string(shredding.subject.method),
            ]
        )
        return Array(certificate.json.utf8)
    }

    private func visibleInstances(_ study: UID) async throws(ArchiveError) -> [InstanceRecord] {
        do throws(ArchiveError) {
            return try await removal.instances(in: ArchiveScope(studyInstanceUID: study))
        } catch {
            guard error.code == .notFound else { throw error }
            return []
        }
    }

    /// Whether anything of a study is there, hidden or not.
    private func isKnown(_ study: UID, _ keyID: StudyKeyID) async throws(ArchiveError) -> Bool {
        do {
            try await removal.ingest.index.catchUp()
            if try await removal.catalog.studyHolding(study)?.packs.isEmpty == false { return true }
        } catch {
            throw RemovalService.archiveError(error)
        }
        return try await !packs(of: study, keyID).isEmpty
    }

    /// Every pack under the key of a study: those of its rows, and those that hold tombstones only.
    private func packs(of study: UID, _ keyID: StudyKeyID) async throws(ArchiveError) -> [PackID] {
        var found: Set<PackID> = []
        do {
            try await removal.ingest.index.catchUp()
            if let holding = try await removal.catalog.studyHolding(study) {
                for pack in holding.packs { found.insert(PackID(pack.packID)) }
            }
            for pack in try await removal.catalog.removedPacks(under: keyID.rawValue) { found.insert(PackID(pack)) }
            for old in try await removal.catalog.supersededPacks() where old.studyKeyID == keyID.rawValue {
                found.insert(PackID(old.packID))
                found.insert(PackID(old.successorID))
            }
            // A pack is under one key: whose rows name it is its study. Left are those of tombstones, and strangers.
            let named = Set(try await removal.catalog.namedPacks().map { PackID($0) })
            for pack in try await removal.packs.packs(under: keyID, except: named) { found.insert(pack) }
        } catch {
            throw RemovalService.archiveError(error)
        }
        return found.sorted()
    }

    private func save(_ shredding: inout Shredding, _ state: Shredding.State) async throws(ArchiveError) {
        shredding.state = state
        shredding.changedAt = removal.clock.now()
        let saved = shredding
        try await registryAnswer { () async throws(RegistryError) in try await registry.save(saved) }
    }

    private func registryAnswer<Answer>(
        _ question: () async throws(RegistryError) -> Answer
    ) async throws(ArchiveError) -> Answer {
        try await removal.mappingRegistry(question)
    }
}

extension Shredding.Subject {
    /// What was done, as the certificate says it.
    fileprivate var method: String {
        switch self {
        case .study: "cryptographic erase: AES-256 study key destroyed, packs removed from all stores"
        case .project: "cryptographic erase: AES-256 project key destroyed, mapping table and consents removed"
        }
    }
}
