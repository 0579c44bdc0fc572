import NIOCore
import Platform

/// What stands before the entries of a file: the key-encryption keys, each wrapped by the root key, and who may recover them.
///
/// Immutable within a file; a change of it is a new file. Described byte by byte in Keyring.md.
struct KeyringHeader: Sendable, Hashable {
    /// Where a file of the keyring stands among its rewritings.
    struct Frame: Sendable, Hashable {
        /// Counts the rewritings; of two files the one with the higher number is the newer.
        ///
        /// 0 for a file of format 1.
        var generation: UInt64
        /// Entries that were there when the file got its name: none of them can be missing.
        var baseCount: UInt64
        /// Bytes before the first entry.
        var length: Int
        /// What the first entry names as the hash before it.
        var hash: ChainHash

        static let plain = Frame(generation: 0, baseCount: 0, length: 0, hash: .none)
    }

    static let bodyLimit = 1 << 20
    private static let kind: UInt8 = 0x80

    var tenantID: RandomID
    /// Oldest first; the last one that is active wraps new keys.
    var keks: [KEKRecord] = []
    var recoveryKeys: [RecoveryKey] = []

    var active: KEKRecord? { keks.last { $0.state == .active } }

    func kek(_ version: UInt32) -> KEKRecord? { keks.first { $0.version == version } }

    /// The bytes, and what the entries that follow must know of them.
    func encode(generation: UInt64, baseCount: UInt64) -> (bytes: ByteBuffer, frame: Frame) {
        var body = ByteBuffer()
        body.writeInteger(UInt16(clamping: keks.count))
        for kek in keks { kek.write(to: &body) }
        body.writeInteger(UInt16(clamping: recoveryKeys.count))
        for key in recoveryKeys { key.write(to: &body) }
        let bodyLength = body.readableBytes
        let padding = (KeyringRecord.length - bodyLength % KeyringRecord.length) % KeyringRecord.length
        body.writeRepeatingByte(0, count: padding)

        var bytes = ByteBuffer()
        bytes.writeMultipleIntegers(KeyringRecord.magic, KeyringRecord.Format.headed.rawValue, Self.kind, UInt8(0))
        tenantID.write(to: &bytes)
        bytes.writeMultipleIntegers(generation, baseCount, UInt32(clamping: bodyLength))
        ChainHash(of: body, at: body.readerIndex, length: body.readableBytes).write(to: &bytes)
        bytes.writeRepeatingByte(0, count: KeyringRecord.length - 4 - bytes.readableBytes)
        bytes.writeInteger(CRC32C.checksum(bytes))
        bytes.writeBuffer(&body)
        let hash = ChainHash(of: bytes, at: bytes.readerIndex, length: bytes.readableBytes)
        return (
            bytes,
            Frame(generation: generation, baseCount: baseCount, length: bytes.readableBytes, hash: hash)
        )
    }

    /// Whether bytes begin as a header does, whole or not.
    static func begins(_ bytes: ByteBuffer) -> Bool {
        bytes.getMultipleIntegers(at: bytes.readerIndex, as: (UInt32, UInt16, UInt8).self).map {
            $0.0 == KeyringRecord.magic && $0.1 == KeyringRecord.Format.headed.rawValue && $0.2 == kind
        } ?? false
    }

    /// Reads the header at the beginning of a file.
    ///
    /// - Parameter read: Reads bytes of the file.
    static func decode(
        _ read: (UInt64, Int) throws -> ByteBuffer
    ) throws -> (header: KeyringHeader, frame: Frame) {
        let head = try read(0, KeyringRecord.length)
        guard
            head.readableBytes == KeyringRecord.length,
            let content = head.getSlice(at: head.readerIndex, length: KeyringRecord.length - 4),
            head.getInteger(at: head.readerIndex + KeyringRecord.length - 4, as: UInt32.self)
                == CRC32C.checksum(content),
            begins(head)
        else { throw KeyringRecord.Problem.damaged }
        var fields = head
        fields.moveReaderIndex(forwardBy: 8)
        guard
            let tenantID = RandomID(reading: &fields),
            let (generation, baseCount, bodyLength) = fields.readMultipleIntegers(as: (UInt64, UInt64, UInt32).self),
            let bodyHash = ChainHash(reading: &fields),
            let length = Int(exactly: bodyLength), length <= bodyLimit
        else { throw KeyringRecord.Problem.damaged }
        let padded = (length + KeyringRecord.length - 1) / KeyringRecord.length * KeyringRecord.length
        let whole = try read(0, KeyringRecord.length + padded)
        guard
            whole.readableBytes == KeyringRecord.length + padded,
            ChainHash(of: whole, at: whole.readerIndex + KeyringRecord.length, length: padded) == bodyHash
        else { throw KeyringRecord.Problem.damaged }
        var body = whole
        body.moveReaderIndex(forwardBy: KeyringRecord.length)
        guard var content = body.readSlice(length: length) else { throw KeyringRecord.Problem.damaged }
        let header = try KeyringHeader(tenantID: tenantID, body: &content)
        let hash = ChainHash(of: whole, at: whole.readerIndex, length: whole.readableBytes)
        return (
            header, Frame(generation: generation, baseCount: baseCount, length: whole.readableBytes, hash: hash)
        )
    }

    init(tenantID: RandomID) {
        self.tenantID = tenantID
    }

    private init(tenantID: RandomID, body: inout ByteBuffer) throws(KeyringRecord.Problem) {
        self.tenantID = tenantID
        // The body is whole: what cannot be read in it was written by a later version.
        guard let kekCount = body.readInteger(as: UInt16.self) else { throw .unsupportedVersion }
        for _ in 0..<kekCount {
            guard let kek = KEKRecord(reading: &body) else { throw .unsupportedVersion }
            keks.append(kek)
        }
        guard let recoveryCount = body.readInteger(as: UInt16.self) else { throw .unsupportedVersion }
        for _ in 0..<recoveryCount {
            guard let key = RecoveryKey(reading: &body) else { throw .unsupportedVersion }
            recoveryKeys.append(key)
        }
        guard body.readableBytes == 0 else { throw .unsupportedVersion }
    }
}
