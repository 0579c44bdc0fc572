public import Crypto
import NIOCore
public import Platform
import Synchronization

/// A root key in a file that only its owner may read.
///
/// The file holds one line: `cassette-root-key-1:` and 64 hexadecimal digits.
public final class FileRootKeyProvider: RootKeyProvider {
    private static let prefix = "cassette-root-key-1:"
    private static let fileLength = prefix.utf8.count + 64 + 1

    private let disk: any Disk
    private let pool: WorkPool
    private let path: String
    private let dataDirectory: String?
    private let random: any RandomSource
    private let key = Mutex<SymmetricKey?>(nil)

    /// Makes a provider; reads nothing before ``prepare(mayCreate:)``.
    ///
    /// - Parameter dataDirectory: The folder that the root key protects: a key file below it is refused, because whoever
    ///   copies the folder would copy the key.
    public init(
        disk: any Disk,
        pool: WorkPool,
        path: String,
        random: any RandomSource,
        refusingUnder dataDirectory: String?
    ) {
        self.disk = disk
        self.pool = pool
        self.path = path
        self.random = random
        self.dataDirectory = dataDirectory
    }

    /// `file:` and the path of the key file.
    public var identifier: String { "file:" + path }

    /// Reads the key file, or makes it.
    public func prepare(mayCreate: Bool) async throws(RootKeyError) {
        do {
            try await pool.run { try self.load(mayCreate: mayCreate) }
        } catch let error as RootKeyError {
            throw error
        } catch let error as DiskError {
            throw RootKeyError(.unavailable, "the root key file " + path + " cannot be used: " + error.description)
        } catch {
            throw RootKeyError(.unavailable, "reading the root key file was cancelled")
        }
    }

    /// Wraps a key of 32 bytes into 40 (AES-KW, RFC 3394).
    public func wrap(_ key: SymmetricKey) async throws(RootKeyError) -> [UInt8] {
        do {
            return try KeyWrap.wrap(key, under: wrappingKey())
        } catch let error as RootKeyError {
            throw error
        } catch {
            throw RootKeyError(.malformed, "the key to wrap has not 32 bytes")
        }
    }

    /// Unwraps what `wrap` returned.
    public func unwrap(_ wrapped: [UInt8]) async throws(RootKeyError) -> SymmetricKey {
        guard let key = KeyWrap.unwrap(wrapped, under: try wrappingKey()) else {
            throw RootKeyError(
                .wrongKey,
                "the root key file " + path + " is not the one that this keyring was made with; put the right one there"
            )
        }
        return key
    }

    private func wrappingKey() throws(RootKeyError) -> SymmetricKey {
        guard let key = key.withLock({ $0 }) else {
            throw RootKeyError(.unavailable, "the root key was used before it was read")
        }
        return HKDF<SHA256>.expand(pseudoRandomKey: key, info: Array("cassette/root/1".utf8), outputByteCount: 32)
    }

    private func load(mayCreate: Bool) throws {
        let directory = parent(of: path)
        if mayCreate { try disk.makeDirectoryWithDurableName(directory) }
        guard try disk.exists(path) else {
            guard mayCreate else {
                throw RootKeyError(
                    .missing,
                    "the root key file " + path + " is missing, but a keyring exists that needs it; "
                        + "restore the file from its backup (a new key would open nothing)"
                )
            }
            try refuseInsideData(directory)
            return try create(in: directory)
        }
        try refuseInsideData(directory)
        let permissions = try disk.permissions(path)
        guard permissions.isOwnedByThisUser, permissions.mode & 0o077 == 0 else {
            throw RootKeyError(
                .insecurePermissions,
                "the root key file " + path
                    + " must belong to the user that runs this program and be closed to all others; "
                    + "run: chmod 600 and chown"
            )
        }
        let file = try disk.open(path, .read)
        let content = try file.read(at: 0, count: Self.fileLength + 1)
        if mayCreate, isCutOff(content) {
            // A first start was cut off while it wrote the key: nothing can have been wrapped under it.
            try disk.unlink(path)
            return try create(in: directory)
        }
        if mayCreate {
            // A first start may have been killed before it made the key durable; the first wrapped key may not be first.
            try file.synchronize()
            try disk.syncDirectory(directory)
        }
        guard let bytes = parse(content) else {
            throw RootKeyError(.malformed, "the file " + path + " is no root key file; restore it from its backup")
        }
        key.withLock { $0 = SymmetricKey(data: bytes) }
    }

    private func create(in directory: String) throws {
        let bytes = random.bytes(32)
        let file = try disk.open(path, .createNew)
        try file.write(ByteBuffer(string: Self.prefix + Hex.encode(bytes) + "\n"), at: 0)
        try file.synchronize()
        try file.close()
        try disk.syncDirectory(directory)
        key.withLock { $0 = SymmetricKey(data: bytes) }
    }

    /// Both paths exist by now, so both can be freed of symbolic links.
    private func refuseInsideData(_ directory: String) throws {
        guard let dataDirectory, try disk.exists(dataDirectory) else { return }
        let data = try disk.resolve(dataDirectory)
        let keys = try disk.resolve(directory)
        guard keys != data, !keys.hasPrefix(data.hasSuffix("/") ? data : data + "/") else {
            throw RootKeyError(
                .insecurePlace,
                "the root key file " + path + " lies in the data folder, so a copy of the folder would open itself; "
                    + "put it elsewhere (--key-file)"
            )
        }
    }

    /// Whether a write that power cut off explains the content: its beginning, or zeros where only the length was kept.
    private func isCutOff(_ content: ByteBuffer) -> Bool {
        if content.readableBytes <= Self.fileLength, content.readableBytesView.allSatisfy({ $0 == 0 }) { return true }
        let text = String(decoding: content.readableBytesView, as: UTF8.self)
        return content.readableBytes < Self.fileLength && (Self.prefix.hasPrefix(text) || text.hasPrefix(Self.prefix))
    }

    private func parse(_ content: ByteBuffer) -> [UInt8]? {
        var text = Substring(decoding: content.readableBytesView, as: UTF8.self)
        guard text.hasPrefix(Self.prefix) else { return nil }
        text = text.dropFirst(Self.prefix.count)
        if text.hasSuffix("\n") { text = text.dropLast() }
        guard let bytes = Hex.decode(text), bytes.count == 32 else { return nil }
        return bytes
    }

    private func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
