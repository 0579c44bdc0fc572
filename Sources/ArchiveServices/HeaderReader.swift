import ArchiveCatalog
import DICOMCoding
public import DICOMCore
import NIOCore
import Sealing

/// Opens the headers that the catalog keeps.
struct HeaderReader: Sendable {
    let keyring: Keyring
    var assumedCharacterSets = AssumedCharacterSets.none

    /// The header with all text in UTF-8, read with what is assumed of its source.
    ///
    /// - Parameter bytes: Grows by the bytes of the header in clear.
    /// - Throws: As ``dataSet(_:)``.
    func unicodeDataSet(_ header: SealedHeader, addingTo bytes: inout Int) throws(ArchiveError) -> DataSet {
        let kept = try keptHeader(header)
        bytes += kept.byteCount
        return try dataSet(kept).inUTF8(inheriting: assumedCharacterSets.inherited(fromSource: header.source))
    }

    /// The header: all elements, bulk by reference.
    ///
    /// - Throws: `.damaged` when seal or encoding is broken, or the key is missing.
    func dataSet(_ header: SealedHeader) throws(ArchiveError) -> DataSet {
        try dataSet(try keptHeader(header))
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

    /// The header as it is kept, opened and inflated; its text in UTF-8 where something is assumed of its source.
    ///
    /// - Throws: As ``dataSet(_:)``.
    func archived(_ header: SealedHeader) throws(ArchiveError) -> ArchivedHeader {
        let inherited = assumedCharacterSets.inherited(fromSource: header.source)
        guard inherited == .ascii else { return ArchivedHeader(try dataSet(header).inUTF8(inheriting: inherited)) }
        return try keptHeader(header)
    }

    private func keptHeader(_ header: SealedHeader) throws(ArchiveError) -> ArchivedHeader {
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
