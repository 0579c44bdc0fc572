import BlobStoreHTTP
import Crypto
import Logging
import NIOCore
import NIOHTTP1
import PackStorage
import Platform

/// A part that the server has.
private struct S3Part {
    let number: Int
    let tag: String
    let sha256: [UInt8]
    let isVerified: Bool
}

extension S3BlobStore {
    private static let partCountLimit: UInt64 = 10_000
    private static let attemptLimit = 3

    /// Stores an object in parts, each with its own SHA-256; nothing of it stays when that fails.
    ///
    /// - Returns: Whether the server verified the digests of all parts.
    func putParts(
        _ key: BlobKey,
        _ source: BlobSource,
        _ capabilities: S3Capabilities
    ) async throws(BlobStoreError) -> Bool {
        let upload = try await begin(key, source)
        do throws(BlobStoreError) {
            let parts = try await putParts(key, source, upload: upload)
            if !capabilities.refusesToReplace, try await head(key) != nil {
                throw BlobStoreError(.exists, "a blob of this key exists already")
            }
            let checksum = try await complete(key, upload: upload, parts, capabilities)
            guard capabilities.verifiesDigests, parts.allSatisfy(\.isVerified) else { return false }
            let digests = SHA256.hash(data: parts.flatMap(\.sha256))
            // Not all servers tell it, and not all with the number of parts.
            return checksum.map { $0.split(separator: "-").first ?? "" == Base64.encode(digests) } ?? true
        } catch {
            await abort(key, upload: upload)
            throw error
        }
    }

    private func begin(_ key: BlobKey, _ source: BlobSource) async throws(BlobStoreError) -> String {
        var request = S3Client.Request(method: .POST, object: object(key), query: [("uploads", "")])
        request.headers =
            configuration.objectHeaders + [
                ("x-amz-checksum-algorithm", "SHA256"), (S3ObjectHead.digestHeader, Hex.encode(source.sha256)),
            ]
        let response = try await client.send(request)
        guard response.status == 200 else { throw client.failure(response, to: "CreateMultipartUpload") }
        guard let id = S3Answer.value("UploadId", in: response.body), !id.isEmpty
        else { throw BlobStoreError(.unavailable, "the store began an upload and did not name it") }
        return id
    }

    /// Reads each part twice, for its digest and to send it; the digest of the whole is checked before the end.
    private func putParts(
        _ key: BlobKey,
        _ source: BlobSource,
        upload: String
    ) async throws(BlobStoreError) -> [S3Part] {
        let length = partLength(of: source)
        var whole = BlobDigest()
        var parts: [S3Part] = []
        var start: UInt64 = 0
        while start < source.length {
            let range = start..<min(start + length, source.length)
            var digest = BlobDigest()
            var chunks = source.chunks(range).makeAsyncIterator()
            while let bytes = try await chunks.next() {
                digest.update(bytes)
                whole.update(bytes)
            }
            let body = StoreRequest.Body.source(source, range, sha256: digest.value)
            parts.append(try await put(parts.count + 1, body, digest.value, of: key, upload: upload))
            start = range.upperBound
        }
        guard whole.value == source.sha256 else {
            throw BlobStoreError(.corrupt, "the bytes of the blob do not have the digest that they should have")
        }
        return parts
    }

    /// As configured, or so long that there are no more parts than a server takes.
    private func partLength(of source: BlobSource) -> UInt64 {
        max(configuration.partLength, (source.length + Self.partCountLimit - 1) / Self.partCountLimit, 1)
    }

    /// Whether the tag of an object is the one that a server without checksums gives to these bytes: the MD5, or that of the
    /// MD5s of the parts.
    ///
    /// Servers need not do so, and do not when they seal with a key service; a tag that is the same proves that the server
    /// has hashed these bytes, as far as accidents go.
    func isTag(_ tag: String, of source: BlobSource) async throws(BlobStoreError) -> Bool {
        let isOnePart = source.length <= configuration.partsAbove
        let length = isOnePart ? max(source.length, 1) : partLength(of: source)
        var digests: [[UInt8]] = []
        var start: UInt64 = 0
        repeat {
            let end = min(start + length, source.length)
            var digest = Insecure.MD5()
            var chunks = source.chunks(start..<end).makeAsyncIterator()
            while let bytes = try await chunks.next() {
                // The bytes live for the call, and the hash keeps none of them.
                unsafe bytes.withUnsafeReadableBytes { unsafe digest.update(bufferPointer: $0) }
            }
            digests.append(Array(digest.finalize()))
            start = end
        } while start < source.length
        let whole = isOnePart ? digests.flatMap(\.self) : Array(Insecure.MD5.hash(data: digests.flatMap(\.self)))
        return tag == "\"" + Hex.encode(whole) + (isOnePart ? "\"" : "-\(digests.count)\"")
    }

    private func put(
        _ number: Int,
        _ body: StoreRequest.Body,
        _ sha256: [UInt8],
        of key: BlobKey,
        upload: String
    ) async throws(BlobStoreError) -> S3Part {
        let checksum = Base64.encode(sha256)
        var request = S3Client.Request(method: .PUT, object: object(key))
        request.query = [("partNumber", String(number)), ("uploadId", upload)]
        request.headers = [("x-amz-checksum-sha256", checksum), ("x-amz-sdk-checksum-algorithm", "SHA256")]
        request.body = body
        var attempt = 1
        while true {
            do throws(BlobStoreError) {
                let response = try await client.send(request)
                guard response.status == 200, let tag = response.headers.first(name: "etag"), Self.isPlain(tag) else {
                    throw client.failure(response, to: "UploadPart")
                }
                let isVerified = response.headers.first(name: "x-amz-checksum-sha256") == checksum
                return S3Part(number: number, tag: tag, sha256: sha256, isVerified: isVerified)
            } catch {
                // A part may be sent again without the ones before it.
                guard error.code == .unavailable, attempt < Self.attemptLimit else { throw error }
                attempt += 1
            }
        }
    }

    /// - Returns: The checksum of the checksums, when the server tells it.
    private func complete(
        _ key: BlobKey,
        upload: String,
        _ parts: [S3Part],
        _ capabilities: S3Capabilities
    ) async throws(BlobStoreError) -> String? {
        let document =
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            + parts.map {
                "<Part><ChecksumSHA256>\(Base64.encode($0.sha256))</ChecksumSHA256><ETag>\($0.tag)</ETag>"
                    + "<PartNumber>\($0.number)</PartNumber></Part>"
            }.joined() + "</CompleteMultipartUpload>"
        var request = S3Client.Request(method: .POST, object: object(key), query: [("uploadId", upload)])
        request.headers = [("content-type", "application/xml")]
        if capabilities.refusesToReplace { request.headers.append(("if-none-match", "*")) }
        request.body = .bytes(ByteBuffer(string: document))
        let response = try await client.send(request)
        // The status comes before the work is done, so an error may follow in the document.
        guard response.status == 200, S3Answer.code(response).isEmpty else {
            throw try await refusal(response, to: "CompleteMultipartUpload", key)
        }
        guard S3Answer.value("Key", in: response.body) != nil else {
            throw BlobStoreError(.unavailable, "the store ended an upload and did not say how")
        }
        return S3Answer.value("ChecksumSHA256", in: response.body)
    }

    /// Runs to its end: parts that are left over cost money and are seen by nobody.
    private func abort(_ key: BlobKey, upload: String) async {
        var request = S3Client.Request(method: .DELETE, object: object(key))
        request.query = [("uploadId", upload)]
        do throws(BlobStoreError) {
            let response = try await client.send(request, toEnd: true)
            guard ![200, 204, 404].contains(response.status) else { return }
            throw client.failure(response, to: "AbortMultipartUpload")
        } catch {
            logger.warning(
                "parts of an upload are left in a store until a rule of the bucket removes them",
                metadata: [LogKeys.error: "\(error)"]
            )
        }
    }

    /// Whether a tag can stand in a document as it is.
    private static func isPlain(_ tag: String) -> Bool {
        tag.utf8.count <= 256 && tag.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3C && $0 != 0x26 }
    }
}
