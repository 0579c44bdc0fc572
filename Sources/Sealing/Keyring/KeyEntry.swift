import NIOCore
import Platform

/// One key of the keyring, wrapped: a value without memory of its own, because there may be a million of them.
struct KeyEntry: Sendable, Hashable {
    enum Kind: UInt8, Sendable {
        /// A key-encryption key; only in files of format 1, where its id is the tenant.
        case kek = 1
        /// A study key, wrapped under a key-encryption key.
        case studyKey = 2
        /// Any other key under a key-encryption key, named by a hash of its label.
        case sideKey = 3
        /// A study key that was removed; its generation is the last that there was, and there is no wrapped key.
        case removed = 4
    }

    var kind: Kind
    var id: RandomID
    var generation: UInt32
    /// The version of the key-encryption key that wraps this one; 0 when removed.
    var kekVersion: UInt32
    var created: Timestamp
    var wrappedKey: WrappedKey
}

/// The 40 bytes of a wrapped key.
struct WrappedKey: Sendable, Hashable {
    static let none = WrappedKey(words: (0, 0, 0, 0, 0))

    private let a: UInt64
    private let b: UInt64
    private let c: UInt64
    private let d: UInt64
    private let e: UInt64

    /// `nil` for any other number of bytes than 40.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == KeyWrap.wrappedLength else { return nil }
        var buffer = ByteBuffer(bytes: bytes)
        self.init(reading: &buffer)
    }

    init?(reading buffer: inout ByteBuffer) {
        guard let words = buffer.readMultipleIntegers(as: (UInt64, UInt64, UInt64, UInt64, UInt64).self) else {
            return nil
        }
        self.init(words: words)
    }

    private init(words: (UInt64, UInt64, UInt64, UInt64, UInt64)) {
        (a, b, c, d, e) = words
    }

    func write(to buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(a, b, c, d, e)
    }

    var bytes: [UInt8] {
        var buffer = ByteBuffer()
        write(to: &buffer)
        return Array(buffer.readableBytesView)
    }
}

/// A SHA-256 that one entry of the journal bears of what stands before it.
struct ChainHash: Sendable, Hashable {
    static let none = ChainHash(words: (0, 0, 0, 0))

    private let a: UInt64
    private let b: UInt64
    private let c: UInt64
    private let d: UInt64

    init(words: (UInt64, UInt64, UInt64, UInt64)) {
        (a, b, c, d) = words
    }

    init?(reading buffer: inout ByteBuffer) {
        guard let words = buffer.readMultipleIntegers(as: (UInt64, UInt64, UInt64, UInt64).self) else { return nil }
        self.init(words: words)
    }

    func write(to buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(a, b, c, d)
    }
}
