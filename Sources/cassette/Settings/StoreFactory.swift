import BlobStoreHTTP
import BlobStoreS3
import BlobStoreWebDAV
import Logging
import NIOCore
import PackStorage
import Platform

/// Makes the stores of packs that the configuration describes: the only place that names their kinds.
struct StoreFactory: Sendable {
    /// The file that a folder has which is a store.
    private static let markName = ".cassette-store"

    let disk: any Disk
    let random: any RandomSource
    let clock: any WallClock
    let logger: Logger

    /// The store of these settings.
    ///
    /// One that cannot be had now does not keep the archive from starting: all that is asked of it fails with the reason.
    ///
    /// - Parameter holdsPacks: Whether packs lie there already: then a folder must be the one that they were put into.
    func store(_ settings: StoreSettings, holdsPacks: Bool) -> NamedBlobStore {
        do {
            switch settings.place {
            case .folder(let path):
                try checkFolder(path, settings.name, holdsPacks: holdsPacks)
                let pool = FolderThreads.shared.pool(of: path)
                let store = LocalBlobStore(directory: path, disk: disk, pool: pool, random: random)
                return NamedBlobStore(settings.name, store, isLocal: true) { [disk] in
                    // A volume that fails is away as one that is not mounted.
                    (try? await pool.run { try disk.exists(path + "/" + Self.markName) }) ?? false
                }
            case .s3(let place):
                return remote(try s3(place, settings.name), settings)
            case .webDAV(let place):
                return remote(try webDAV(place), settings)
            }
        } catch {
            logger.error(
                "a store cannot be reached; its packs cannot be read or moved until the next start",
                metadata: ["store": "\(settings.name)", LogKeys.error: "\(error)"]
            )
            return NamedBlobStore(settings.name, UnreachableBlobStore(reason: "\(error)"), isLocal: false) { false }
        }
    }

    /// A store behind a network, which fails now and then, with what makes the best of it.
    ///
    /// From the inside: counted as it is asked, held to its bandwidth, left alone while it is down, tried again.
    private func remote(_ store: any BlobStore, _ settings: StoreSettings) -> NamedBlobStore {
        let metered = MeteredBlobStore(store, name: settings.name.text)
        let limited = BandwidthLimitedBlobStore(
            metered,
            uploadBytesPerSecond: settings.bandwidth,
            downloadBytesPerSecond: settings.bandwidth
        )
        let breaking = CircuitBreakerBlobStore(limited)
        // A reader waits for all attempts: the deadline is what a client has patience for.
        let policy = RetryPolicy(attemptLimit: 5, longestDelay: .seconds(5), deadline: .seconds(30))
        let retrying = RetryingBlobStore(breaking, policy: policy, random: random)
        return NamedBlobStore(settings.name, retrying, isLocal: false) { breaking.isClosed }
    }

    private func s3(_ place: S3StoreSettings, _ name: StoreName) throws -> any BlobStore {
        let endpoint = try place.endpoint.map { try Self.endpoint($0) }
        var configuration = S3Configuration(endpoint: endpoint, bucket: place.bucket)
        configuration.prefix = place.prefix
        configuration.region = place.region
        if let usesPathStyle = place.usesPathStyle { configuration.usesPathStyle = usesPathStyle }
        configuration.storageClass = place.storageClass
        switch place.encryption {
        case "AES256": configuration.encryption = .aes256
        case "aws:kms": configuration.encryption = .kms(keyID: place.encryptionKeyID)
        default: break
        }
        if let tier = place.thawTier.flatMap({ S3Configuration.ThawTier(rawValue: $0) }) {
            configuration.thawTier = tier
        }
        return S3BlobStore(
            configuration: configuration,
            credentials: FixedS3Credentials(try s3Credentials(place, name)),
            clock: clock,
            random: random,
            logger: logger
        )
    }

    private func s3Credentials(_ place: S3StoreSettings, _ name: StoreName) throws -> S3Credentials {
        if let file = place.accessKeyFile {
            let lines = try SecretFile(path: file, disk: disk).lines()
            guard (2...3).contains(lines.count) else {
                throw CommandFailure(
                    "\(file) must hold the access key id, the secret access key and, if any, the session token, a line each"
                )
            }
            return S3Credentials(
                accessKeyID: lines[0],
                secretAccessKey: lines[1],
                sessionToken: lines.count > 2 ? lines[2] : nil
            )
        }
        guard let id = SecretFile.variable(name, "ACCESS_KEY_ID"),
            let secret = SecretFile.variable(name, "SECRET_ACCESS_KEY")
        else {
            let variable = "CASSETTE_STORE_" + SettingSource.variable(name.text)
            throw CommandFailure(
                "the store '\(name)' lacks 'access-key-file', and \(variable)_ACCESS_KEY_ID and "
                    + "\(variable)_SECRET_ACCESS_KEY are not set"
            )
        }
        return S3Credentials(
            accessKeyID: id,
            secretAccessKey: secret,
            sessionToken: SecretFile.variable(name, "SESSION_TOKEN")
        )
    }

    private func webDAV(_ place: WebDAVStoreSettings) throws -> any BlobStore {
        var configuration = WebDAVConfiguration(folder: try Self.endpoint(place.url))
        if let user = place.user {
            let password = try place.passwordFile.map { try SecretFile(path: $0, disk: disk).lines()[0] } ?? ""
            configuration.credentials = .basic(user: user, password: password)
        }
        return WebDAVBlobStore(configuration: configuration, random: random, logger: logger)
    }

    private static func endpoint(_ text: String) throws -> StoreEndpoint {
        guard let endpoint = StoreEndpoint(text) else { throw CommandFailure("'\(text)' is no address of a server") }
        return endpoint
    }

    /// Marks a new folder, and refuses one that should have the mark: a volume that is not mounted leaves an empty folder,
    /// which would be filled up instead.
    private func checkFolder(_ path: String, _ name: StoreName, holdsPacks: Bool) throws {
        guard try disk.exists(path) else {
            throw CommandFailure("The folder \(path) of the store '\(name)' does not exist: mount it, or make it")
        }
        let mark = SmallFile(path: path + "/" + Self.markName, disk: disk)
        if try mark.read() != nil { return }
        guard !holdsPacks else {
            throw CommandFailure(
                "The folder \(path) is not the one that holds the packs of the store '\(name)': mount its volume"
            )
        }
        try mark.write("cassette store \(name)\n")
    }
}

/// Stands for a store that could not be made.
struct UnreachableBlobStore: BlobStore {
    let reason: String

    private var failure: BlobStoreError { BlobStoreError(.unavailable, reason) }

    func put(_ key: BlobKey, _ source: BlobSource) async throws(BlobStoreError) { throw failure }

    func get(_ key: BlobKey, range: Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer { throw failure }

    func status(_ key: BlobKey) async throws(BlobStoreError) -> BlobStatus? { throw failure }

    func thaw(_ key: BlobKey, days: Int) async throws(BlobStoreError) { throw failure }

    func delete(_ key: BlobKey) async throws(BlobStoreError) { throw failure }

    func list(prefix: String, after: BlobKey?, limit: Int) async throws(BlobStoreError) -> [BlobEntry] {
        throw failure
    }
}
