import Crypto
import NIOCore
import Platform
import Sealing

/// Seals what a backup holds besides packs and keyring, under a side key of the keyring.
///
/// Each blob has a fresh id, and its key is derived from that: no key seals twice.
struct BackupSeal: Sendable {
    /// The label of the side key.
    static let label = "backup"

    let key: SymmetricKey
    let random: any RandomSource

    /// Seals bytes under their id.
    ///
    /// - Parameter purpose: What they are; a blob that is moved to another place does not open.
    func seal(_ plaintext: ByteBuffer, id: RandomID, purpose: String) throws -> ByteBuffer {
        var sealer = FLOESealer(
            key: key(of: id, purpose),
            associatedData: Array(purpose.utf8),
            random: random
        )
        var sealed = ByteBuffer()
        sealed.reserveCapacity(plaintext.readableBytes + plaintext.readableBytes / 1_024 + 4_096)
        sealed.writeImmutableBuffer(sealer.header)
        try sealer.update(plaintext, into: &sealed)
        try sealer.finish(into: &sealed)
        return sealed
    }

    /// Opens what ``seal(_:id:purpose:)`` made.
    func open(_ sealed: ByteBuffer, id: RandomID, purpose: String) throws(BackupError) -> ByteBuffer {
        do {
            var rest = sealed
            guard let header = rest.readSlice(length: FLOEParameters.headerLength) else {
                throw SealingError(.malformedHeader)
            }
            var opener = try FLOEOpener(
                key: key(of: id, purpose),
                associatedData: Array(purpose.utf8),
                header: header
            )
            let layout = try FLOELayout(sealedLength: UInt64(sealed.readableBytes), parameters: opener.parameters)
            var plaintext = ByteBuffer()
            plaintext.reserveCapacity(min(sealed.readableBytes, Int(clamping: layout.plaintextLength)))
            for index in 0..<layout.segmentCount {
                let bytes = try layout.bytes(ofSegments: index..<index + 1)
                guard let segment = rest.readSlice(length: bytes.count) else {
                    throw SealingError(.malformedSegment, segmentIndex: index)
                }
                try opener.open(segment: segment, index: index, isLast: layout.isLast(index), into: &plaintext)
            }
            return plaintext
        } catch {
            throw BackupError.damaged("A sealed file of the backup")
        }
    }

    private func key(of id: RandomID, _ purpose: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key,
            salt: id.bytes,
            info: Array("cassette/backup/1".utf8) + Array(purpose.utf8),
            outputByteCount: 32
        )
    }
}

extension ByteBuffer {
    /// SHA-256 of the readable bytes.
    var sha256: [UInt8] {
        var hash = SHA256()
        hash.add(self)
        return Array(hash.finalize())
    }
}

extension SHA256 {
    /// Takes the readable bytes of a buffer.
    mutating func add(_ buffer: ByteBuffer) {
        // The pointer stays inside the closure; the hash only reads it.
        unsafe buffer.withUnsafeReadableBytes { unsafe update(bufferPointer: $0) }
    }
}
