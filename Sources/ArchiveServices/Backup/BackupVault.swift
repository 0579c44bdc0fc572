import NIOCore
import PackStorage
import Platform

/// Where what lies in a store of backups.
///
/// `backups/<number>-<id>` manifests, `keyrings/<number>-<id>-a` and `-b`, `packs/`, `prefixes/` of packs that were open,
/// `files/`, and `running/<id>` while a backup is under way.
struct BackupVault: Sendable {
    /// A backup as a list shows it.
    struct Entry: Sendable {
        let key: BlobKey
        let header: BackupHeader
    }

    /// A keyring as a list shows it.
    struct KeyringEntry: Sendable {
        let key: BlobKey
        let sequence: UInt64
    }

    private static let manifestLimit: UInt64 = 1 << 30
    static let manifestPurpose = "manifest"
    static let filePurpose = "file"

    let blobs: any BlobStore

    /// All backups, the oldest first, and the names of manifests whose beginning is damaged.
    func entries() async throws -> (entries: [Entry], damaged: [BlobKey]) {
        var entries: [Entry] = []
        var damaged: [BlobKey] = []
        for blob in try await list("backups/") {
            do throws(BackupError) {
                var bytes = try await blobs.asking { store throws(BlobStoreError) in
                    try await store.get(blob.key, range: 0..<UInt64(BackupHeader.lengthLimit))
                }
                let header = try BackupHeader(decoding: &bytes)
                guard try blob.key == Self.manifestKey(header) else {
                    damaged.append(blob.key)
                    continue
                }
                entries.append(Entry(key: blob.key, header: header))
            } catch {
                guard error.code == .damaged else { throw error }
                damaged.append(blob.key)
            }
        }
        return (entries.sorted { $0.header.sequence < $1.header.sequence }, damaged)
    }

    /// A manifest, and the SHA-256 of its blob.
    func manifest(_ entry: Entry, seal: BackupSeal) async throws -> (manifest: BackupManifest, digest: [UInt8]) {
        let blob = try await read(entry.key, limit: Self.manifestLimit)
        var rest = blob
        let header = try BackupHeader(decoding: &rest)
        guard header == entry.header else { throw BackupError.damaged("The manifest of a backup") }
        let purpose = Self.manifestPurpose(header)
        let body = try seal.open(rest, id: header.backupID, purpose: purpose)
        return (try BackupManifest(header: header, body: body), blob.sha256)
    }

    /// Stores a manifest: from here on the backup is there.
    func put(_ manifest: BackupManifest, seal: BackupSeal) async throws -> [UInt8] {
        var blob = manifest.header.encoded
        let purpose = Self.manifestPurpose(manifest.header)
        var sealed = try seal.seal(manifest.encodedBody, id: manifest.header.backupID, purpose: purpose)
        blob.writeBuffer(&sealed)
        try await put(Self.manifestKey(manifest.header), blob)
        return blob.sha256
    }

    /// The keyrings, the newest first, both copies of each.
    func keyrings() async throws -> [KeyringEntry] {
        try await list("keyrings/").compactMap { blob in
            guard
                let name = blob.key.text.split(separator: "/").last,
                let sequence = name.split(separator: "-").first.flatMap({ UInt64($0) })
            else { return nil }
            return KeyringEntry(key: blob.key, sequence: sequence)
        }.sorted { ($1.sequence, $0.key) < ($0.sequence, $1.key) }
    }

    /// Stores both copies of a keyring.
    func put(keyring bundle: ByteBuffer, _ header: BackupHeader) async throws {
        for key in try Self.keyringKeys(header) { try await put(key, bundle) }
    }

    /// Both copies of the keyring of a backup.
    static func keyringKeys(_ header: BackupHeader) throws(BackupError) -> [BlobKey] {
        [try key("keyrings/\(header.name)-a"), try key("keyrings/\(header.name)-b")]
    }

    /// A whole blob.
    func read(_ key: BlobKey, limit: UInt64) async throws(BackupError) -> ByteBuffer {
        var bytes = ByteBuffer()
        while true {
            let start = UInt64(bytes.readableBytes)
            var part = try await blobs.asking { store throws(BlobStoreError) in
                try await store.get(key, range: start..<start + BlobStoreLimits.rangeLength)
            }
            guard part.readableBytes > 0 else { return bytes }
            let isLast = UInt64(part.readableBytes) < BlobStoreLimits.rangeLength
            bytes.writeBuffer(&part)
            guard UInt64(bytes.readableBytes) <= limit else {
                throw BackupError(.damaged, "A blob of the backup is longer than it can be")
            }
            if isLast { return bytes }
        }
    }

    /// Stores bytes under a key that nothing else has.
    func put(_ key: BlobKey, _ bytes: ByteBuffer) async throws(BackupError) {
        try await blobs.asking { store throws(BlobStoreError) in try await store.put(key, BlobSource(bytes)) }
    }

    /// Removes a blob.
    func delete(_ key: BlobKey) async throws(BackupError) {
        try await blobs.asking { store throws(BlobStoreError) in try await store.delete(key) }
    }

    /// The blobs of a folder.
    func list(_ prefix: String) async throws(BackupError) -> [BlobEntry] {
        try await blobs.asking { store throws(BlobStoreError) in try await store.listAll(prefix: prefix) }
    }

    /// A key made of a fixed folder, digits and ids.
    static func key(_ text: String) throws(BackupError) -> BlobKey {
        guard let key = BlobKey(text) else { throw BackupError.damaged("A name in the backup") }
        return key
    }

    private static func manifestKey(_ header: BackupHeader) throws(BackupError) -> BlobKey {
        try key("backups/" + header.name)
    }

    /// The plain header is part of what the sealed part is bound to.
    private static func manifestPurpose(_ header: BackupHeader) -> String {
        manifestPurpose + "/" + Hex.encode(header.encoded.sha256)
    }
}
