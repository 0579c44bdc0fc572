import ArchiveCatalog
import DICOMCoding
import DICOMCore
import NIOCore
import PackStorage
import Platform
import Sealing

extension InstancePath {
    init(_ identity: InstanceIdentity) {
        self.init(
            studyInstanceUID: identity.studyInstanceUID,
            seriesInstanceUID: identity.seriesInstanceUID,
            sopInstanceUID: identity.sopInstanceUID
        )
    }
}

extension StoredLocation {
    init(_ location: RecordLocation) {
        self.init(
            packID: location.packID.rawValue,
            recordOffset: location.offset,
            recordID: location.recordID,
            studyKeyID: location.studyKeyID.rawValue,
            keyGeneration: location.keyGeneration,
            payloadLength: location.payloadLength,
            manifestLength: location.manifestLength,
            recordLength: location.recordLength
        )
    }
}

extension RecordLocation {
    init(_ location: StoredLocation) {
        self.init(
            packID: PackID(location.packID),
            offset: location.recordOffset,
            recordID: location.recordID,
            studyKeyID: StudyKeyID(location.studyKeyID),
            keyGeneration: location.keyGeneration,
            payloadLength: location.payloadLength,
            manifestLength: location.manifestLength,
            recordLength: location.recordLength
        )
    }
}

extension Keyring {
    /// The study key of that id and generation.
    ///
    /// - Throws: `.damaged` when the keyring does not have it.
    func existingKey(_ id: RandomID, generation: UInt32) throws(ArchiveError) -> StudyKey {
        let key: StudyKey?
        do throws(KeyringError) {
            key = try existingStudyKey(StudyKeyID(id), generation: generation)
        } catch {
            throw ArchiveError(.unavailable, "The keyring cannot be read: \(error)")
        }
        guard let key else {
            throw ArchiveError(.damaged, "The keyring has no key \(id) of generation \(generation)")
        }
        return key
    }
}

extension InstanceManifest {
    /// The catalog's record of the instance, from the manifest alone.
    ///
    /// - Parameter assumed: What is assumed of the source where the header names no character set.
    /// - Throws: ``ArchiveError``; `DataSetError` when the header in the manifest is damaged.
    func record(
        at location: StoredLocation,
        key: StudyKey,
        assuming assumed: AssumedCharacterSets = .none
    ) throws -> InstanceRecord {
        let values = HeaderValues.values(
            of: try HeaderArchive.decode(ByteBuffer(bytes: header)),
            inheriting: assumed.inherited(fromSource: source)
        )
        return record(
            at: location,
            values: values,
            sealedHeader: try HeaderSeal.seal(header, recordID: location.recordID, key: key)
        )
    }

    /// The catalog's record of the instance, from what its writer has at hand.
    func record(at location: StoredLocation, values: CatalogValues, sealedHeader: [UInt8]) -> InstanceRecord {
        InstanceRecord(
            path: path,
            sopClassUID: sopClassUID,
            transferSyntaxUID: transferSyntaxUID,
            values: values,
            location: location,
            dataSetOffset: dataSetOffset,
            dataSetDigest: dataSetDigest,
            receivedAt: receivedAt,
            source: source,
            sealedHeader: sealedHeader,
            frameIndex: frameIndex
        )
    }
}
