import ArchiveCatalog
import Crypto
import Platform
import Sealing

/// Seals the header of an instance for the catalog, under a key of its study: destroying the study key destroys it.
enum HeaderSeal {
    private static let purpose = "header/1"

    /// Nonce, ciphertext and tag of a header.
    ///
    /// The nonce is random and the key belongs to one record, whose header is sealed once; so no pair repeats.
    static func seal(_ header: [UInt8], recordID: RandomID, key: StudyKey) throws -> [UInt8] {
        let box = try AES.GCM.seal(header, using: key.recordKey(purpose: purpose, recordID: recordID))
        return Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
    }

    /// The header in clear.
    ///
    /// - Throws: ``ArchiveError`` `.damaged` when the bytes are not what was sealed.
    static func open(_ header: SealedHeader, key: StudyKey) throws(ArchiveError) -> [UInt8] {
        do {
            let box = try AES.GCM.SealedBox(combined: header.bytes)
            return Array(try AES.GCM.open(box, using: key.recordKey(purpose: purpose, recordID: header.recordID)))
        } catch {
            throw ArchiveError(
                .damaged,
                "A header in the index fails its authentication: run `cassette verify`, then `cassette index rebuild`"
            )
        }
    }
}
