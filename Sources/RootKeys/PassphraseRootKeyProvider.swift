public import Crypto
import CryptoExtras
import NIOCore
public import Platform
public import Sealing
import Synchronization

/// A root key made of a passphrase with scrypt (RFC 7914); beside it lie the salt and the cost, which are no secrets.
///
/// The file is one line: `cassette-scrypt-1:`, N, r, p, the salt of 32 bytes in hexadecimal digits, with colons between.
/// Wrapped is AES-KW (RFC 3394) under HKDF-Expand-SHA-256(scrypt output, "cassette/root/1", 32), as with a key file.
public final class PassphraseRootKeyProvider: RootKeyProvider {
    /// What scrypt costs: time and memory of 128 · N · r bytes.
    public struct Cost: Sendable, Hashable {
        /// A power of two.
        public var n: Int
        /// The size of a block.
        public var r: Int
        /// Parallelism.
        public var p: Int

        /// 128 MiB and about half a second.
        public static let standard = Cost(n: 1 << 17, r: 8, p: 1)

        /// Makes a cost.
        public init(n: Int, r: Int, p: Int) {
            self.n = n
            self.r = r
            self.p = p
        }
    }

    private static let prefix = "cassette-scrypt-1"
    private static let lengthLimit = 4_096
    private static let leastPassphrase = 12

    private let path: String
    private let disk: any Disk
    private let pool: WorkPool
    private let random: any RandomSource
    private let cost: Cost
    private let passphrase: @Sendable () async throws(RootKeyError) -> String
    private let key = Mutex<SymmetricKey?>(nil)

    /// Makes a provider; asks nothing before ``prepare(mayCreate:)``.
    ///
    /// - Parameters:
    ///   - path: The file of salt and cost.
    ///   - cost: For a new file; an existing one says its own.
    ///   - passphrase: Gives the passphrase, from wherever it comes.
    public init(
        path: String,
        disk: any Disk,
        pool: WorkPool,
        random: any RandomSource,
        cost: Cost = .standard,
        passphrase: @escaping @Sendable () async throws(RootKeyError) -> String
    ) {
        self.path = path
        self.disk = disk
        self.pool = pool
        self.random = random
        self.cost = cost
        self.passphrase = passphrase
    }

    /// A passphrase that stands in a file for its owner only.
    public static func passphrase(
        inFile path: String,
        disk: any Disk,
        pool: WorkPool
    ) -> @Sendable () async throws(RootKeyError) -> String {
        { () async throws(RootKeyError) in try await SecretFile(path: path, disk: disk, pool: pool).read() }
    }

    /// `passphrase:` and the file of the salt.
    public var identifier: String { "passphrase:" + path }

    /// Reads salt and cost, or makes them, and computes the key.
    public func prepare(mayCreate: Bool) async throws(RootKeyError) {
        let text = try await passphrase()
        guard !mayCreate || text.count >= Self.leastPassphrase else {
            throw RootKeyError(.malformed, "the passphrase must have at least 12 characters")
        }
        do {
            let derived = try await pool.run { try self.derive(text, mayCreate: mayCreate) }
            key.withLock { $0 = derived }
        } catch let error as RootKeyError {
            throw error
        } catch {
            throw RootKeyError(.unavailable, "the file " + path + " cannot be used: \(error)")
        }
    }

    /// Wraps a key of 32 bytes into 40.
    public func wrap(_ key: SymmetricKey) async throws(RootKeyError) -> [UInt8] {
        do {
            return Array(try AES.KeyWrap.wrap(key, using: wrappingKey()))
        } catch {
            throw RootKeyError(.malformed, "the key to wrap has not 32 bytes")
        }
    }

    /// Unwraps what `wrap` returned.
    public func unwrap(_ wrapped: [UInt8]) async throws(RootKeyError) -> SymmetricKey {
        let wrappingKey = try wrappingKey()
        do {
            return try AES.KeyWrap.unwrap(wrapped, using: wrappingKey)
        } catch {
            throw RootKeyError(.wrongKey, "the passphrase is wrong, or " + path + " belongs to another archive")
        }
    }

    private func wrappingKey() throws(RootKeyError) -> SymmetricKey {
        guard let key = key.withLock({ $0 }) else {
            throw RootKeyError(.unavailable, "the root key was used before the passphrase was read")
        }
        return HKDF<SHA256>.expand(pseudoRandomKey: key, info: Array("cassette/root/1".utf8), outputByteCount: 32)
    }

    private func derive(_ passphrase: String, mayCreate: Bool) throws -> SymmetricKey {
        let (cost, salt) = try parameters(mayCreate: mayCreate)
        return try KDF.Scrypt.deriveKey(
            from: Array(passphrase.utf8),
            salt: salt,
            outputByteCount: 32,
            rounds: cost.n,
            blockSize: cost.r,
            parallelism: cost.p
        )
    }

    private func parameters(mayCreate: Bool) throws -> (Cost, [UInt8]) {
        let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        if try disk.exists(path) {
            let content = try disk.open(path, .read).read(at: 0, count: Self.lengthLimit)
            if let found = Self.parse(String(buffer: content)) { return found }
            // What a first start that was cut off has left: nothing can have been wrapped with it.
            guard mayCreate, content.readableBytesView.allSatisfy({ $0 == 0 }) || content.readableBytes < 80 else {
                throw RootKeyError(.malformed, "the file " + path + " is damaged; restore it from its backup")
            }
            try disk.unlink(path)
        }
        guard mayCreate else {
            throw RootKeyError(
                .missing,
                "the file " + path + " with the salt is missing, but a keyring exists that needs it; restore it"
            )
        }
        try disk.makeDirectory(directory)
        let salt = random.bytes(32)
        let file = try disk.open(path, .createNew)
        let fields = [Self.prefix, String(cost.n), String(cost.r), String(cost.p), Hex.encode(salt)]
        try file.write(ByteBuffer(string: fields.joined(separator: ":") + "\n"), at: 0)
        try file.synchronize()
        try file.close()
        try disk.syncDirectory(directory)
        return (cost, salt)
    }

    private static func parse(_ text: String) -> (Cost, [UInt8])? {
        let fields = text.split(whereSeparator: \.isNewline).first?.split(separator: ":") ?? []
        guard
            fields.count == 5, fields[0] == prefix,
            let n = Int(fields[1]), let r = Int(fields[2]), let p = Int(fields[3]),
            // Within what a machine can do: a file that asks for more memory than 4 GiB is not ours.
            (2...1 << 24).contains(n), n & (n - 1) == 0, (1...32).contains(r), (1...16).contains(p),
            n * r <= 1 << 25,
            let salt = Hex.decode(fields[4]), salt.count == 32
        else { return nil }
        return (Cost(n: n, r: r, p: p), salt)
    }
}
