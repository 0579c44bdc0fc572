public import PackStorage
public import Platform
public import Sealing

/// The backups of a store, opened with their own keyring and the root key: no archive is needed.
public struct BackupReader: Sendable {
    let vault: BackupVault
    let seal: BackupSeal
    let keyring: Keyring
    let bundle: KeyringBundle
    let archiveID: RandomID
    let disk: any Disk
    let pool: WorkPool
    let random: any RandomSource

    /// Opens a store of backups.
    ///
    /// - Parameter keyrings: Two empty folders, for the keyring of the newest backup.
    /// - Throws: ``BackupError``: `.noBackup`, `.rootKey` with the name of the key that is needed, `.keyring`, `.damaged`,
    ///   `.store`, `.disk`.
    public init(
        _ store: any BlobStore,
        rootKey provider: any RootKeyProvider,
        keyrings directories: [String],
        disk: any Disk,
        pool: WorkPool,
        random: any RandomSource,
        clock: any WallClock
    ) async throws {
        vault = BackupVault(blobs: store)
        self.disk = disk
        self.pool = pool
        self.random = random
        let (entries, damaged) = try await vault.entries()
        guard let newest = entries.last else {
            throw damaged.isEmpty
                ? BackupError(.noBackup, "There is no backup in this place: take one with `cassette backup`")
                : BackupError.damaged("Each manifest in this place")
        }
        let (bundle, isNewest) = try await Self.newestKeyring(vault, newest.header.sequence)
        self.bundle = bundle
        try await pool.run { try bundle.write(to: directories, disk: disk) }
        do throws(KeyringError) {
            keyring = try await Keyring.open(
                directories: directories,
                provider: provider,
                disk: disk,
                pool: pool,
                random: random,
                clock: clock
            )
        } catch {
            throw Self.explained(error, newest.header, provider.identifier)
        }
        archiveID = BackupRun.archiveID(keyring)
        seal = BackupSeal(key: try await keyring.sideKey(BackupSeal.label), random: random)
        guard newest.header.archiveID == archiveID else {
            throw BackupError(.otherArchive, "The keyring in this place belongs to another archive than its backups")
        }
        guard isNewest else { return }
        // A keyring in whose place an older one was put would bring keys back that were destroyed since.
        do {
            let manifest = try await vault.manifest(newest, seal: seal).manifest
            guard manifest.keyringDigest == bundle.encoded.sha256 else {
                throw BackupError.keyringReplaced
            }
        } catch let error as BackupError where error.code == .damaged && error != .keyringReplaced {
            // The manifest itself is damaged: the list tells so, older ones may be whole.
            return
        }
    }

    /// The keyring of the newest backup, or of one that was interrupted after it; of two copies the one that is whole.
    private static func newestKeyring(
        _ vault: BackupVault,
        _ sequence: UInt64
    ) async throws -> (bundle: KeyringBundle, isNewest: Bool) {
        var failure = BackupError.damaged("The keyring of the backup")
        for entry in try await vault.keyrings() {
            do throws(BackupError) {
                let blob = try await vault.read(entry.key, limit: KeyringBundle.lengthLimit)
                return (try KeyringBundle(decoding: blob), entry.sequence == sequence)
            } catch {
                failure = error
            }
        }
        throw failure
    }

    private static func explained(_ error: KeyringError, _ header: BackupHeader, _ identifier: String) -> BackupError {
        guard case .rootKey(let code) = error.code else {
            return BackupError(.keyring, "The keyring of the backup does not open: \(error)")
        }
        return BackupError(
            .rootKey(code),
            "The backup needs the root key that its archive had, \(header.rootKey), and \(identifier) does not serve: "
                + "\(error). Name a copy of that key with --key-file"
        )
    }

    /// All backups, the oldest first.
    public func list() async throws -> [BackupSummary] {
        var summaries: [BackupSummary] = []
        var last: (id: RandomID, digest: [UInt8])?
        for entry in try await vault.entries().entries {
            do {
                let (manifest, digest) = try await vault.manifest(entry, seal: seal)
                // A backup before it that was pruned is no fault.
                let isLinked = manifest.previous.map { previous in
                    last.map { $0.id != previous.backupID || $0.digest == previous.digest } ?? true
                }
                summaries.append(BackupSummary(header: entry.header, manifest: manifest, isLinked: isLinked ?? true))
                last = (manifest.header.backupID, digest)
            } catch let error as BackupError where error.code == .damaged {
                summaries.append(BackupSummary(header: entry.header, manifest: nil, isLinked: false))
                last = nil
            }
        }
        return summaries
    }

    /// The newest backup, or the newest that was taken at a time or before it.
    ///
    /// - Throws: `.noBackup`; `.damaged` also when without a time the newest cannot be told.
    public func backup(at time: Timestamp? = nil) async throws -> BackupManifest {
        let (all, damaged) = try await vault.entries()
        let entries = all.filter { entry in time.map { entry.header.time <= $0 } ?? true }
        guard let entry = entries.last else {
            throw BackupError(.noBackup, "There is no backup of that time or before: see `cassette backup list`")
        }
        // An older backup in the place of a newer one would be a loss that nobody hears of.
        guard time != nil || damaged.isEmpty else {
            throw BackupError(
                .damaged,
                "A manifest is damaged, perhaps the newest: to restore backup \(entry.header.sequence), "
                    + "use --at \(entry.header.time)"
            )
        }
        let manifest = try await vault.manifest(entry, seal: seal).manifest
        guard manifest.header.archiveID == archiveID else {
            throw BackupError(.otherArchive, "The backup is of another archive than the keyring")
        }
        return manifest
    }
}

extension BackupError {
    fileprivate static let keyringReplaced = BackupError(
        .damaged,
        "The keyring is not the one of the newest backup: take a backup again"
    )
}

extension KeyringBundle {
    /// Writes the files into both places of a keyring, durably.
    ///
    /// Blocks.
    func write(to directories: [String], disk: any Disk) throws(DiskError) {
        for directory in directories {
            try disk.makeDirectory(directory)
            for file in files {
                try disk.writeWhole(file.bytes, to: directory + "/" + file.name)
            }
            try disk.syncDirectory(directory)
        }
    }
}
