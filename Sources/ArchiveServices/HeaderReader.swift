import ArchiveCatalog
import DICOMCoding
public import DICOMCore
import NIOCore
import Sealing

/// Opens the headers that the catalog keeps.
struct HeaderReader: Sendable {
    let keyring: Keyring

    /// The header: all elements, bulk by reference.
    ///
    /// - Throws: `.damaged` when seal or encoding is broken, or the key is missing.
    func dataSet(_ header: SealedHeader) throws(ArchiveError) -> DataSet {
        try dataSet(try archived(header))
    }

    /// The header as a Data Set.
    ///
    /// - Throws: `.damaged` when its encoding is broken.
    func dataSet(_ archived: ArchivedHeader) throws(ArchiveError) -> DataSet {
        do throws(DataSetError) {
            return try archived.dataSet()
        } catch {
            throw ArchiveError(unreadable: error)
        }
    }

    /// The header as it is kept, opened and inflated.
    ///
    /// - Throws: As ``dataSet(_:)``.
    func archived(_ header: SealedHeader) throws(ArchiveError) -> ArchivedHeader {
        let key = try keyring.existingKey(header.studyKeyID, generation: header.keyGeneration)
        let bytes = try HeaderSeal.open(header, key: key)
        do throws(DataSetError) {
            return try ArchivedHeader(ByteBuffer(bytes: bytes))
        } catch {
            throw ArchiveError(unreadable: error)
        }
    }
}

extension ArchiveError {
    /// A header that its seal lets through and that makes no sense all the same.
    public init(unreadable error: DataSetError) {
        self.init(.damaged, "A header in the index cannot be read: run `cassette index rebuild` (\(error))")
    }
}
