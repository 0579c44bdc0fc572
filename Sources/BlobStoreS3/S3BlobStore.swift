import BlobStoreHTTP
public import Logging
public import NIOCore
import NIOHTTP1
public import PackStorage
public import Platform
import Synchronization

/// Blobs as objects of an S3 bucket.
///
/// An object appears whole or not at all, which is what the protocol promises. `S3.md` tells what is asked of a server
/// and what is done where a server does less.
public final class S3BlobStore: BlobStore {
    let client: S3Client
    let random: any RandomSource
    let logger: Logger
    let found: Mutex<S3Capabilities?>
    private let keysInWork = KeysInWork()

    /// Makes a store over a bucket that exists; end it with ``close()``.
    public init(
        configuration: S3Configuration,
        credentials: any S3CredentialsSource,
        clock: any WallClock,
        random: any RandomSource,
        logger: Logger
    ) {
        client = S3Client(configuration: configuration, credentials: credentials, clock: clock, logger: logger)
        self.random = random
        self.logger = logger
        found = Mutex(configuration.knownCapabilities)
    }

    var configuration: S3Configuration { client.configuration }

    /// Stores a new object; when this returns, its SHA-256 was verified by the server or by reading back.
    public func put(_ key: BlobKey, _ source: BlobSource) async throws(BlobStoreError) {
        try await keysInWork.run(key) { () async throws(BlobStoreError) in
            let capabilities = try await self.capabilities()
            if !capabilities.refusesToReplace, try await self.head(key) != nil {
                throw BlobStoreError(.exists, "a blob of this key exists already")
            }
            let isVerified =
                source.length > self.configuration.partsAbove
                ? try await self.putParts(key, source, capabilities)
                : try await self.putWhole(key, source, capabilities)
            if !isVerified { try await self.verify(key, source, capabilities) }
        }
    }

    /// Reads a range with one request.
    ///
    /// A server that sends other bytes of the right number is noticed only when the range is the whole blob: what is sealed
    /// is proved by its seal.
    public func get(_ key: BlobKey, range: Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer {
        guard UInt64(range.count) <= BlobStoreLimits.rangeLength else {
            throw BlobStoreError(.rangeTooLong, "one read returns at most 16 MiB")
        }
        guard !range.isEmpty else {
            guard let head = try await head(key) else { throw BlobStoreError(.notFound, "there is no such blob") }
            guard head.availability.isReadable else { throw BlobStoreError(.frozen, "the blob must be thawed first") }
            return ByteBuffer()
        }
        var request = S3Client.Request(method: .GET, object: object(key))
        request.headers = [("range", StoreResponse.rangeHeader(range)), ("x-amz-checksum-mode", "ENABLED")]
        // An error document may be longer than a short range.
        request.answerLimit = max(Int(clamping: range.upperBound), range.count, 64 * 1_024)
        request.answerLimit = min(request.answerLimit, Int(BlobStoreLimits.rangeLength) + 64 * 1_024)
        let response = try await client.send(request)
        guard let bytes = try response.bytes(of: range) else { throw client.failure(response, to: "GET") }
        try checkWhole(bytes, range, response)
        return bytes
    }

    /// Size, digest when the server verifies digests, and availability by storage class and restore status.
    public func status(_ key: BlobKey) async throws(BlobStoreError) -> BlobStatus? {
        guard let head = try await head(key) else { return nil }
        let sha256 = head.sha256 == nil ? nil : try await keepsDigests() ? head.sha256 : nil
        return BlobStatus(size: head.size, sha256: sha256, availability: head.availability)
    }

    /// Sends `RestoreObject` for an object that is frozen, or whose thawed copy is to stay for longer.
    public func thaw(_ key: BlobKey, days: Int) async throws(BlobStoreError) {
        guard let head = try await head(key) else { throw BlobStoreError(.notFound, "there is no such blob") }
        switch head.availability {
        case .online, .thawing: return
        case .frozen, .thawed: break
        }
        let document =
            "<RestoreRequest xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Days>\(max(1, days))</Days>"
            + "<GlacierJobParameters><Tier>" + configuration.thawTier.rawValue
            + "</Tier></GlacierJobParameters></RestoreRequest>"
        var request = S3Client.Request(method: .POST, object: object(key), query: [("restore", "")])
        request.headers = [("content-type", "application/xml")]
        request.body = .bytes(ByteBuffer(string: document))
        let response = try await client.send(request)
        guard ![200, 202].contains(response.status), S3Answer.code(response) != "RestoreAlreadyInProgress" else {
            return
        }
        throw client.failure(response, to: "RestoreObject")
    }

    /// Removes the object; in a bucket with versions the old ones stay until a rule of the bucket removes them.
    public func delete(_ key: BlobKey) async throws(BlobStoreError) {
        try await delete(object: object(key))
    }

    /// The objects whose keys begin with `prefix` and come after `after`, sorted by key.
    public func list(prefix: String, after: BlobKey?, limit: Int) async throws(BlobStoreError) -> [BlobEntry] {
        let limit = max(1, limit)
        var entries: [BlobEntry] = []
        var continuation: String?
        repeat {
            var request = S3Client.Request(method: .GET)
            request.query = [
                ("list-type", "2"), ("prefix", configuration.prefix + prefix),
                ("max-keys", String(min(limit - entries.count, BlobStoreLimits.pageLength))),
            ]
            if let continuation {
                request.query.append(("continuation-token", continuation))
            } else if let after {
                request.query.append(("start-after", object(after)))
            }
            let response = try await client.send(request)
            guard response.status == 200 else { throw client.failure(response, to: "ListObjectsV2") }
            let page = try S3ListPage(response.body, prefix: configuration.prefix)
            guard page.continuation == nil || page.continuation != continuation else {
                throw BlobStoreError(.refused, "the store repeats a page of its list")
            }
            continuation = page.continuation
            let new = page.entries.filter { entry in
                entry.key.text.hasPrefix(prefix) && (entries.last?.key ?? after).map { $0 < entry.key } ?? true
            }
            guard new.count == page.entries.count || entries.isEmpty else {
                throw BlobStoreError(.unavailable, "the pages of the store's list are not in order")
            }
            entries += new
        } while entries.count < limit && continuation != nil
        return Array(entries.prefix(limit))
    }

    /// Ends all connections.
    public func close() async {
        await client.close()
    }

    /// The name of the object of a key.
    func object(_ key: BlobKey) -> String { configuration.prefix + key.text }

    /// What the store tells about an object; `nil` when there is none.
    func head(_ key: BlobKey) async throws(BlobStoreError) -> S3ObjectHead? {
        var request = S3Client.Request(method: .HEAD, object: object(key))
        request.headers = [("x-amz-checksum-mode", "ENABLED")]
        let response = try await client.send(request)
        switch response.status {
        case 200: return try S3ObjectHead(response)
        case 404:
            try await checkMissing(key)
            return nil
        default: throw client.failure(response, to: "HEAD")
        }
    }

    func delete(object: String) async throws(BlobStoreError) {
        let response = try await client.send(S3Client.Request(method: .DELETE, object: object))
        guard ![200, 202, 204].contains(response.status) else { return }
        let error = client.failure(response, to: "DELETE")
        if error.code != .notFound { throw error }
    }

    /// An answer to `HEAD` has no body: only another request tells a missing object from a missing bucket, which must not
    /// look like the loss of all blobs.
    private func checkMissing(_ key: BlobKey) async throws(BlobStoreError) {
        var request = S3Client.Request(method: .GET, object: object(key))
        request.headers = [("range", "bytes=0-0")]
        let response = try await client.send(request)
        let error = client.failure(response, to: "GET")
        guard response.status != 404 || error.code != .notFound else { return }
        guard [200, 206, 416].contains(response.status) else { throw error }
        throw BlobStoreError(.unavailable, "the object appeared while it was asked for")
    }

    private func checkWhole(
        _ bytes: ByteBuffer,
        _ range: Range<UInt64>,
        _ response: StoreResponse
    ) throws(BlobStoreError) {
        // rclone answers 200 to a range, too, and sends the checksum of the whole object along.
        let isWhole =
            if let told = response.headers.first(name: "content-range") {
                told == "bytes 0-\(bytes.readableBytes - 1)/\(bytes.readableBytes)"
            } else {
                response.status == 200
            }
        guard isWhole, range.lowerBound == 0,
            let checksum = response.headers.first(name: "x-amz-checksum-sha256"), !checksum.contains("-"),
            !response.headers.contains(name: S3ObjectHead.digestHeader)
        else { return }
        guard Base64.decode(checksum) == BlobDigest.of(bytes) else {
            throw BlobStoreError(.corrupt, "the bytes that came do not have the digest that the store keeps of them")
        }
    }
}
