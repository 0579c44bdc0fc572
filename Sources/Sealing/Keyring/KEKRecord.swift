import NIOCore
import Platform

/// What may be done with a version of the key-encryption key.
public enum KEKState: UInt8, Sendable, Hashable {
    /// Wraps new keys.
    case active = 1
    /// Unwraps what is still under it.
    case decryptOnly = 2
    /// Gone: nothing under it opens again.
    case destroyed = 3
}

/// A version of the key-encryption key as the header keeps it: wrapped, never plain.
struct KEKRecord: Sendable, Hashable {
    var version: UInt32
    var state: KEKState
    var created: Timestamp
    /// When the state last changed.
    var changed: Timestamp
    /// Which root key wraps it, for messages; no secret.
    var provider: String
    /// What the root key provider made of it; empty when destroyed.
    var wrapped: [UInt8]
    /// The key sealed to recovery keys; empty when destroyed.
    var escrow: [EscrowedKEK] = []

    init(version: UInt32, state: KEKState, created: Timestamp, provider: String, wrapped: [UInt8]) {
        self.version = version
        self.state = state
        self.created = created
        changed = created
        self.provider = provider
        self.wrapped = wrapped
    }

    func write(to buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(version, state.rawValue, created.microseconds, changed.microseconds)
        buffer.writeCounted(Array(provider.utf8))
        buffer.writeCounted(wrapped)
        buffer.writeInteger(UInt16(clamping: escrow.count))
        for sealed in escrow { sealed.write(to: &buffer) }
    }

    init?(reading buffer: inout ByteBuffer) {
        guard
            let (version, stateByte, created, changed) = buffer.readMultipleIntegers(
                as: (UInt32, UInt8, Int64, Int64).self
            ),
            let state = KEKState(rawValue: stateByte),
            let provider = buffer.readCounted(),
            let wrapped = buffer.readCounted(),
            let escrowCount = buffer.readInteger(as: UInt16.self)
        else { return nil }
        self.version = version
        self.state = state
        self.created = Timestamp(microseconds: created)
        self.changed = Timestamp(microseconds: changed)
        self.provider = String(decoding: provider, as: UTF8.self)
        self.wrapped = wrapped
        for _ in 0..<escrowCount {
            guard let sealed = EscrowedKEK(reading: &buffer) else { return nil }
            escrow.append(sealed)
        }
    }
}

/// A version of the key-encryption key sealed to one recovery key (HPKE).
struct EscrowedKEK: Sendable, Hashable {
    let recipient: RandomID
    let encapsulatedKey: [UInt8]
    let ciphertext: [UInt8]

    func write(to buffer: inout ByteBuffer) {
        recipient.write(to: &buffer)
        buffer.writeCounted(encapsulatedKey)
        buffer.writeCounted(ciphertext)
    }

    init(recipient: RandomID, encapsulatedKey: [UInt8], ciphertext: [UInt8]) {
        self.recipient = recipient
        self.encapsulatedKey = encapsulatedKey
        self.ciphertext = ciphertext
    }

    init?(reading buffer: inout ByteBuffer) {
        guard
            let recipient = RandomID(reading: &buffer),
            let encapsulatedKey = buffer.readCounted(),
            let ciphertext = buffer.readCounted()
        else { return nil }
        self.init(recipient: recipient, encapsulatedKey: encapsulatedKey, ciphertext: ciphertext)
    }
}

extension ByteBuffer {
    /// Writes a length of two bytes and the bytes; what is longer than 65,535 bytes is ours never to write.
    mutating func writeCounted(_ bytes: [UInt8]) {
        precondition(bytes.count <= Int(UInt16.max), "a field of the keyring has at most 65,535 bytes")
        writeInteger(UInt16(clamping: bytes.count))
        writeBytes(bytes)
    }

    mutating func readCounted() -> [UInt8]? {
        guard let length = readInteger(as: UInt16.self) else { return nil }
        return readBytes(length: Int(length))
    }
}

extension KEKState {
    /// What users read: `active`, `decrypt-only` or `destroyed`.
    public var name: String {
        switch self {
        case .active: "active"
        case .decryptOnly: "decrypt-only"
        case .destroyed: "destroyed"
        }
    }
}
