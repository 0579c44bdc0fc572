import BlobStoreHTTP
import Logging
import NIOCore
import NIOHTTP1
import PackStorage
import Platform
import Synchronization

extension S3BlobStore {
    /// Stores an object with one request.
    ///
    /// - Returns: Whether the server verified the digest.
    func putWhole(
        _ key: BlobKey,
        _ source: BlobSource,
        _ capabilities: S3Capabilities
    ) async throws(BlobStoreError) -> Bool {
        let checksum = Base64.encode(source.sha256)
        var request = S3Client.Request(method: .PUT, object: object(key))
        request.headers =
            configuration.objectHeaders + [
                ("x-amz-checksum-sha256", checksum), ("x-amz-sdk-checksum-algorithm", "SHA256"),
            ]
        if capabilities.refusesToReplace { request.headers.append(("if-none-match", "*")) }
        request.body = try await body(source, 0..<source.length, sha256: source.sha256)
        let response = try await client.send(request)
        guard response.status == 200 else { throw try await refusal(response, to: "PUT", key) }
        return capabilities.verifiesDigests && response.headers.first(name: "x-amz-checksum-sha256") == checksum
    }

    /// Why an object was not stored: a key that is said to be taken is looked at, for proxies answer 412 as well.
    func refusal(
        _ response: StoreResponse,
        to operation: String,
        _ key: BlobKey
    ) async throws(BlobStoreError) -> BlobStoreError {
        let error = client.failure(response, to: operation)
        guard error.code == .exists, try await head(key) == nil else { return error }
        return BlobStoreError(.unavailable, error.description + ", and there is no such object")
    }

    /// The body of a request; one without bytes has a digest as well.
    func body(
        _ source: BlobSource,
        _ range: Range<UInt64>,
        sha256: [UInt8]
    ) async throws(BlobStoreError) -> StoreRequest.Body {
        guard range.isEmpty else { return .source(source, range, sha256: sha256) }
        guard BlobDigest().value == sha256 else {
            throw BlobStoreError(.corrupt, "the bytes of the blob do not have the digest that they should have")
        }
        return .bytes(ByteBuffer())
    }

    /// Compares what the server keeps with the source, by its checksum where that is worth something, else byte by byte.
    ///
    /// An object that is not the same is removed: it was stored by the request before.
    func verify(
        _ key: BlobKey,
        _ source: BlobSource,
        _ capabilities: S3Capabilities
    ) async throws(BlobStoreError) {
        guard let head = try await head(key) else {
            throw BlobStoreError(.unavailable, "the store said that it stored an object, and has none")
        }
        var isSame = head.size == source.length
        // The digest of an object of parts is our own word.
        let isWhole = source.length <= configuration.partsAbove
        if isSame, isWhole, capabilities.verifiesDigests, let sha256 = head.sha256 {
            isSame = sha256 == source.sha256
        } else if isSame {
            isSame =
                if head.availability.isReadable {
                    try await isReadBack(key, source)
                } else {
                    // A frozen object cannot be read back.
                    try await isTag(head.tag, of: source)
                }
        }
        guard isSame else {
            try await delete(key)
            throw BlobStoreError(.corrupt, "the store kept other bytes than it was sent; the object was removed")
        }
    }

    private func isReadBack(_ key: BlobKey, _ source: BlobSource) async throws(BlobStoreError) -> Bool {
        do throws(BlobStoreError) {
            return try await BlobSource(key, in: self, length: source.length, sha256: source.sha256).isWhole()
        } catch {
            // The server keeps the checksum that was sent with other bytes.
            if error.code == .corrupt { return false }
            throw error
        }
    }

    /// What the server does of the protocol, found out once.
    func capabilities() async throws(BlobStoreError) -> S3Capabilities {
        if let known = found.withLock({ $0 }) { return known }
        let capabilities = try await probe()
        found.withLock { $0 = capabilities }
        logger.info(
            "found out what a store does",
            metadata: [
                "refuses_to_replace": "\(capabilities.refusesToReplace)",
                "verifies_digests": "\(capabilities.verifiesDigests)",
            ]
        )
        return capabilities
    }

    /// Whether checksums that the server keeps are those of the bytes; unknown ones, where nothing may be written, are not.
    func keepsDigests() async throws(BlobStoreError) -> Bool {
        do throws(BlobStoreError) {
            return try await capabilities().verifiesDigests
        } catch {
            if error.code == .denied || error.code == .refused { return false }
            throw error
        }
    }

    /// Stores small objects under names that are no keys: one twice, and two with a wrong checksum.
    private func probe() async throws(BlobStoreError) -> S3Capabilities {
        let name = configuration.prefix + ".probe-" + RandomID(random: random).hex
        let checksum = BlobDigest.of(Self.probeBytes)
        let wrong = checksum.map { ~$0 }
        let first = try await probe(name, checksum: checksum)
        // A proxy may have repeated the request: then the first one stored it.
        guard first.status == 200 || first.status == 412 else {
            throw client.failure(first, to: "PUT of a trial object")
        }
        let second = try await probe(name, checksum: checksum)
        guard second.status == 200 || second.status == 412 else {
            throw client.failure(second, to: "PUT of a trial object")
        }
        var verifiesDigests = true
        // Two refusals: a single one may be the answer to another trouble.
        for suffix in ["-a", "-b"] where verifiesDigests {
            let response = try await probe(name + suffix, checksum: wrong)
            let code = client.failure(response, to: "PUT").code
            guard response.status == 200 || response.status == 400, code != .unavailable else {
                throw client.failure(response, to: "PUT of a trial object")
            }
            verifiesDigests = response.status == 400
            if response.status == 200 { try await delete(object: name + suffix) }
        }
        try await delete(object: name)
        return S3Capabilities(refusesToReplace: second.status == 412, verifiesDigests: verifiesDigests)
    }

    private static let probeBytes = ByteBuffer(string: "trial")

    private func probe(_ name: String, checksum: [UInt8]) async throws(BlobStoreError) -> StoreResponse {
        var request = S3Client.Request(method: .PUT, object: name)
        request.headers = [("if-none-match", "*"), ("x-amz-checksum-sha256", Base64.encode(checksum))]
        request.body = .bytes(Self.probeBytes)
        return try await client.send(request)
    }
}
