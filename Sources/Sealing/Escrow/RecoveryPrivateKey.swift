import Crypto
import FoundationEssentials
public import Platform

/// The private half of a recovery key: opens what was sealed to the public half; belongs offline.
public struct RecoveryPrivateKey: Sendable {
    /// The public half.
    public let publicHalf: RecoveryKey
    /// 32 bytes: the seed of an X-Wing key, or an X25519 key.
    private let secret: SymmetricKey

    private static let filePrefix = "cassette-recovery-key-1:"

    /// Draws a new key.
    public static func generate(
        _ suite: RecoveryKey.Suite,
        label: String,
        random: any RandomSource
    ) throws(KeyringError) -> RecoveryPrivateKey {
        try RecoveryPrivateKey(suite: suite, label: label, secret: random.bytes(32))
    }

    /// Reads the file of a private key.
    ///
    /// - Throws: `.wrongKey` when it is none.
    public init(fileText: String) throws(KeyringError) {
        let fields = fileText.split(whereSeparator: \.isNewline).first?.split(
            separator: ":",
            maxSplits: 3,
            omittingEmptySubsequences: false
        )
        guard
            let fields, fields.count == 4, fields[0] + ":" == Self.filePrefix,
            let suite = RecoveryKey.Suite(name: String(fields[1])), let secret = Hex.decode(fields[2]),
            secret.count == 32
        else {
            throw KeyringError(
                .wrongKey,
                "this is no recovery private key: such a file is one line that begins with " + Self.filePrefix
            )
        }
        try self.init(suite: suite, label: String(fields[3]), secret: secret)
    }

    private init(suite: RecoveryKey.Suite, label: String, secret: [UInt8]) throws(KeyringError) {
        do {
            let publicKey =
                switch suite {
                case .xWing:
                    Array(
                        try XWingMLKEM768X25519.PrivateKey(seedRepresentation: secret, publicKey: nil).publicKey
                            .rawRepresentation
                    )
                case .x25519:
                    Array(try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: secret).publicKey.rawRepresentation)
                }
            if let publicHalf = RecoveryKey(suite: suite, label: label, publicKey: publicKey) {
                self.publicHalf = publicHalf
                self.secret = SymmetricKey(data: secret)
                return
            }
        } catch {
            // Told below.
        }
        throw KeyringError(.wrongKey, "this is no recovery private key, or its label is longer than 255 bytes")
    }

    /// The one line of the private key's file: suite, seed, label.
    public var fileText: String {
        Self.filePrefix + publicHalf.suite.name + ":" + Hex.encode(secret.rawBytes) + ":" + publicHalf.label + "\n"
    }

    /// Opens a sealed version of the key-encryption key; `nil` when it was not sealed to this key, or was changed.
    func open(_ sealed: EscrowedKEK, version: UInt32, tenantID: RandomID) -> SymmetricKey? {
        let context = RecoveryKey.context(version: version, tenantID: tenantID)
        do {
            var recipient: HPKE.Recipient
            switch publicHalf.suite {
            case .xWing:
                recipient = try HPKE.Recipient(
                    privateKey: XWingMLKEM768X25519.PrivateKey(seedRepresentation: secret.rawBytes, publicKey: nil),
                    ciphersuite: .XWingMLKEM768X25519_SHA256_AES_GCM_256,
                    info: context,
                    encapsulatedKey: Data(sealed.encapsulatedKey)
                )
            case .x25519:
                recipient = try HPKE.Recipient(
                    privateKey: Curve25519.KeyAgreement.PrivateKey(rawRepresentation: secret.rawBytes),
                    ciphersuite: .x25519,
                    info: context,
                    encapsulatedKey: Data(sealed.encapsulatedKey)
                )
            }
            return SymmetricKey(data: try recipient.open(sealed.ciphertext, authenticating: context))
        } catch {
            // Whatever is wrong with the bytes, the key is not in them.
            return nil
        }
    }
}

extension RecoveryPrivateKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The id of the public half.
    public var description: String { "RecoveryPrivateKey(" + publicHalf.id.hex + ")" }

    /// The id of the public half.
    public var debugDescription: String { description }

    /// The public half only.
    public var customMirror: Mirror { Mirror(self, children: ["publicHalf": publicHalf.id]) }
}

extension RecoveryKey {
    private static let filePrefix = "cassette-recovery-public-1:"

    /// Reads the file of a public key; `nil` when it is none.
    public init?(fileText: String) {
        let fields = fileText.split(whereSeparator: \.isNewline).first?.split(
            separator: ":",
            maxSplits: 3,
            omittingEmptySubsequences: false
        )
        guard
            let fields, fields.count == 4, fields[0] + ":" == Self.filePrefix,
            let suite = Suite(name: String(fields[1])), let publicKey = Hex.decode(fields[2])
        else { return nil }
        self.init(suite: suite, label: String(fields[3]), publicKey: publicKey)
    }

    /// The one line of the public key's file: suite, key, label.
    public var fileText: String {
        Self.filePrefix + suite.name + ":" + Hex.encode(publicKey) + ":" + label + "\n"
    }
}

extension RecoveryKey.Suite {
    /// What users type: `x-wing` or `x25519`.
    public var name: String {
        switch self {
        case .xWing: "x-wing"
        case .x25519: "x25519"
        }
    }

    /// The suite of this name.
    public init?(name: String) {
        guard let suite = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = suite
    }
}
