import Crypto

/// The secret of one research project: 32 random bytes from which every pseudonym of the project follows.
///
/// Whoever has it can tell for a known original what it became. It is kept sealed; destroying it cuts all ties.
public struct ProjectKey: Sendable {
    /// Bytes of a key.
    public static let length = 32

    private let key: SymmetricKey

    /// Takes the 32 bytes; `nil` for any other number of them.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.length else { return nil }
        key = SymmetricKey(data: Array(bytes))
    }

    /// Makes a new key at random.
    public static func random() -> ProjectKey {
        ProjectKey(key: SymmetricKey(size: .bits256))
    }

    private init(key: SymmetricKey) {
        self.key = key
    }

    /// The key for one purpose, which is used for nothing else, so that values of one kind say nothing about others.
    ///
    /// HKDF-Expand-SHA-256(project key, "cassette/project/1/" | purpose, 32).
    func subkey(for purpose: String) -> SymmetricKey {
        let info = Array(("cassette/project/1/" + purpose).utf8)
        return HKDF<SHA256>.expand(pseudoRandomKey: key, info: info, outputByteCount: 32)
    }

    /// HMAC-SHA-256 of fields under the key for one purpose.
    ///
    /// Each field stands behind its length, so that no two lists of fields are the same bytes.
    static func authenticationCode(of fields: [String], under subkey: SymmetricKey) -> [UInt8] {
        var code = HMAC<SHA256>(key: subkey)
        for field in fields {
            let bytes = Array(field.utf8)
            let length = UInt32(truncatingIfNeeded: bytes.count)
            code.update(data: [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) })
            code.update(data: bytes)
        }
        return Array(code.finalize())
    }
}

extension ProjectKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Nothing of the key.
    public var description: String { "ProjectKey" }

    /// Nothing of the key.
    public var debugDescription: String { description }

    /// Nothing of the key.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
