import ArchiveCatalog
import DICOMCoding
import DICOMCore
import NIOCore
import Sealing

/// Opens the headers that the catalog keeps.
struct HeaderReader: Sendable {
    let keyring: Keyring

    /// The header: all elements, bulk by reference.
    ///
    /// - Throws: `.damaged` when seal or encoding is broken, or the key is missing.
    func dataSet(_ header: SealedHeader) throws(ArchiveError) -> DataSet {
        let key = try keyring.existingKey(header.studyKeyID, generation: header.keyGeneration)
        let bytes = try HeaderSeal.open(header, key: key)
        do throws(DataSetError) {
            return try HeaderArchive.decode(ByteBuffer(bytes: bytes))
        } catch {
            throw ArchiveError(
                .damaged,
                "A header in the index cannot be read: run `cassette index rebuild` (\(error))"
            )
        }
    }
}
