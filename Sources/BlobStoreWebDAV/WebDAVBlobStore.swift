import BlobStoreHTTP
public import Logging
public import NIOCore
import NIOHTTP1
public import PackStorage
public import Platform

/// Blobs as files of a WebDAV server: a NAS, Nextcloud, or whatever `rclone serve webdav` stands before.
///
/// A blob is written under a temporary name, read back, and then moved where none may be (`Overwrite: F`): nobody ever sees
/// a part of one, or wrong bytes. One archive owns the folder.
public final class WebDAVBlobStore: BlobStore {
    /// Cannot collide with a blob: no component of a key begins with a dot.
    private static let incomingName = ".incoming"
    /// A folder with 10,000 files is listed in about 5 MiB.
    private static let documentLimit = 32 * 1_024 * 1_024

    private let configuration: WebDAVConfiguration
    private let client: StoreClient
    private let random: any RandomSource
    private let logger: Logger
    private let keysInWork = KeysInWork()

    /// Makes a store over a folder; end it with ``close()``.
    public init(configuration: WebDAVConfiguration, random: any RandomSource, logger: Logger) {
        self.configuration = configuration
        self.random = random
        self.logger = logger
        client = StoreClient(timeouts: configuration.timeouts, logger: logger)
    }

    /// Stores a new blob; when this returns, it was read back with the right digest, and bears its name.
    public func put(_ key: BlobKey, _ source: BlobSource) async throws(BlobStoreError) {
        try await keysInWork.run(key) { () async throws(BlobStoreError) in
            guard try await self.properties(of: key.text) == nil else {
                throw BlobStoreError(.exists, "a blob of this key exists already")
            }
            let temporary = Self.incomingName + "/" + RandomID(random: self.random).hex
            do throws(BlobStoreError) {
                try await self.upload(source, to: temporary)
                guard try await self.isSame(temporary, source) else {
                    throw BlobStoreError(.corrupt, "the store kept other bytes than it was sent")
                }
                try await self.move(temporary, to: key.text)
            } catch {
                await self.removeTemporary(temporary)
                throw error
            }
        }
    }

    /// Reads a range with one request.
    public func get(_ key: BlobKey, range: Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer {
        guard UInt64(range.count) <= BlobStoreLimits.rangeLength else {
            throw BlobStoreError(.rangeTooLong, "one read returns at most 16 MiB")
        }
        guard !range.isEmpty else {
            guard try await status(key) != nil else { throw BlobStoreError(.notFound, "there is no such blob") }
            return ByteBuffer()
        }
        return try await read(key.text, range)
    }

    /// The size; files are always online, and no digest is kept with them.
    public func status(_ key: BlobKey) async throws(BlobStoreError) -> BlobStatus? {
        guard let properties = try await properties(of: key.text), !properties.isCollection else { return nil }
        return BlobStatus(size: properties.size)
    }

    /// Does nothing to a blob that is there.
    public func thaw(_ key: BlobKey, days: Int) async throws(BlobStoreError) {
        guard try await status(key) != nil else { throw BlobStoreError(.notFound, "there is no such blob") }
    }

    /// Removes the file of a blob; a folder of that name, with all that is in it, is left alone.
    public func delete(_ key: BlobKey) async throws(BlobStoreError) {
        guard try await status(key) != nil else { return }
        try await remove(key.text)
    }

    /// The blobs whose keys begin with `prefix` and come after `after`, sorted by key; one request for each folder.
    public func list(prefix: String, after: BlobKey?, limit: Int) async throws(BlobStoreError) -> [BlobEntry] {
        var walk = BlobWalk(prefix: prefix, after: after)
        var entries: [BlobEntry] = []
        while entries.count < max(1, limit), let step = walk.next() {
            switch step {
            case .found(let entry): entries.append(entry)
            case .look(let folder): walk.show(try await names(in: folder), in: folder)
            }
        }
        return entries
    }

    /// Removes what a process that was killed left unfinished; call at start, before the first `put`.
    public func removeUnfinished() async throws(BlobStoreError) {
        for name in try await names(in: Self.incomingName + "/") where !name.isFolder {
            try await remove(Self.incomingName + "/" + name.text)
        }
    }

    /// Ends all connections.
    public func close() async {
        await client.close()
    }

    private func upload(_ source: BlobSource, to path: String) async throws(BlobStoreError) {
        let body =
            source.length == 0
            ? StoreRequest.Body.bytes(ByteBuffer()) : .source(source, 0..<source.length, sha256: source.sha256)
        let request = request(.PUT, path, headers: ["content-type": "application/octet-stream"], body: body)
        var response = try await client.send(request, answerLimit: Self.documentLimit)
        if [404, 409].contains(response.status) {
            try await makeFolders(above: path)
            response = try await client.send(request, answerLimit: Self.documentLimit)
        }
        guard [200, 201, 204].contains(response.status) else { throw BlobStoreError(response, to: "PUT") }
    }

    private func isSame(_ path: String, _ source: BlobSource) async throws(BlobStoreError) -> Bool {
        guard let kept = try await properties(of: path) else {
            throw BlobStoreError(.unavailable, "the store said that it stored a file, and has none")
        }
        guard kept.size == source.length, !kept.isCollection else { return false }
        let copy = BlobSource(length: source.length, sha256: source.sha256) { range throws(BlobStoreError) in
            try await self.read(path, range)
        }
        return try await copy.isWhole()
    }

    private func move(_ path: String, to target: String) async throws(BlobStoreError) {
        let request = request(.MOVE, path, headers: ["destination": url(target), "overwrite": "F"])
        var response = try await client.send(request, answerLimit: Self.documentLimit)
        // 409 says that the folder is missing (RFC 4918 9.9.4); there are servers that say 403.
        if [403, 404, 409].contains(response.status) {
            try await makeFolders(above: target)
            response = try await client.send(request, answerLimit: Self.documentLimit)
        }
        guard [200, 201, 204].contains(response.status) else { throw BlobStoreError(response, to: "MOVE") }
    }

    /// Makes the folders on the way to a path, from the root of the store on.
    private func makeFolders(above path: String) async throws(BlobStoreError) {
        let names = path.split(separator: "/").dropLast()
        for count in 0...names.count {
            let folder = names.prefix(count).map { $0 + "/" }.joined()
            let response = try await client.send(request(.MKCOL, folder), answerLimit: Self.documentLimit)
            // 405: there is one already.
            guard [200, 201, 405].contains(response.status) || (count == 0 && response.status != 401) else {
                throw BlobStoreError(response, to: "MKCOL")
            }
        }
    }

    private func read(_ path: String, _ range: Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer {
        let request = request(.GET, path, headers: ["range": StoreResponse.rangeHeader(range)])
        let limit = Int(BlobStoreLimits.rangeLength) + 64 * 1_024
        let response = try await client.send(
            request,
            answerLimit: min(limit, max(Int(clamping: range.upperBound), 64 * 1_024))
        )
        guard let bytes = try response.bytes(of: range) else { throw BlobStoreError(response, to: "GET") }
        return bytes
    }

    private func remove(_ path: String) async throws(BlobStoreError) {
        let response = try await client.send(request(.DELETE, path), answerLimit: Self.documentLimit)
        guard ![200, 202, 204, 404].contains(response.status) else { return }
        throw BlobStoreError(response, to: "DELETE")
    }

    /// Runs to its end: what is left over is seen by nobody before the next start.
    private func removeTemporary(_ path: String) async {
        do throws(BlobStoreError) {
            let response = try await client.sendToEnd(request(.DELETE, path), answerLimit: Self.documentLimit)
            guard ![200, 202, 204, 404].contains(response.status) else { return }
            throw BlobStoreError(response, to: "DELETE")
        } catch {
            logger.warning(
                "an unfinished file is left in a store until the next start",
                metadata: [LogKeys.error: "\(error)"]
            )
        }
    }

    private func properties(of path: String) async throws(BlobStoreError) -> WebDAVProperties? {
        guard let all = try await properties(path, depth: "0") else { return nil }
        // What is not there is 404: an answer about nothing is none.
        guard let first = all.first else { throw BlobStoreError(.unavailable, "the store answered about no file") }
        return first
    }

    /// What is in a folder; nothing when there is none.
    private func names(in folder: String) async throws(BlobStoreError) -> [BlobWalk.Name] {
        guard let base = PercentEncoding.decode(configuration.folder.path) else {
            throw BlobStoreError(.refused, "the path of the store is not encoded as it must be")
        }
        let path = base + folder
        return try await properties(folder, depth: "1")?.compactMap { resource in
            guard resource.path.hasPrefix(path) else { return nil }
            return BlobWalk.Name(
                String(resource.path.dropFirst(path.count)),
                size: resource.size,
                isFolder: resource.isCollection
            )
        } ?? []
    }

    private func properties(_ path: String, depth: String) async throws(BlobStoreError) -> [WebDAVProperties]? {
        let request = request(
            .PROPFIND,
            path,
            headers: ["depth": depth, "content-type": "application/xml; charset=utf-8"],
            body: .bytes(WebDAVProperties.question)
        )
        let response = try await client.send(request, answerLimit: Self.documentLimit)
        switch response.status {
        case 207: return try WebDAVProperties.all(response.body)
        case 404: return nil
        default: throw BlobStoreError(response, to: "PROPFIND")
        }
    }

    private func request(
        _ method: HTTPMethod,
        _ path: String,
        headers: HTTPHeaders = [:],
        body: StoreRequest.Body = .none
    ) -> StoreRequest {
        var headers = headers
        if let header = configuration.credentials.header { headers.add(name: "authorization", value: header) }
        return StoreRequest(method, url(path), headers: headers, body: body)
    }

    private func url(_ path: String) -> String {
        let folder = configuration.folder
        return folder.scheme + "://" + folder.authority + folder.path + PercentEncoding.path(path)
    }
}
