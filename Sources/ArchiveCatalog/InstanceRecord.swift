public import DICOMCore
public import Platform

/// The UIDs that place an instance in the archive.
public struct InstancePath: Sendable, Hashable {
    /// Study Instance UID (0020,000D).
    public let studyInstanceUID: UID
    /// Series Instance UID (0020,000E).
    public let seriesInstanceUID: UID
    /// SOP Instance UID (0008,0018).
    public let sopInstanceUID: UID

    /// Makes a path.
    public init(studyInstanceUID: UID, seriesInstanceUID: UID, sopInstanceUID: UID) {
        self.studyInstanceUID = studyInstanceUID
        self.seriesInstanceUID = seriesInstanceUID
        self.sopInstanceUID = sopInstanceUID
    }
}

/// Where the record of an instance lies and under which key.
///
/// Opaque to the catalog.
public struct StoredLocation: Sendable, Hashable {
    /// The pack.
    public var packID: RandomID
    /// Bytes from the first byte of the pack to the record.
    public var recordOffset: UInt64
    /// The record's own identifier, part of its keys.
    public var recordID: RandomID
    /// The study key.
    public var studyKeyID: RandomID
    /// The generation of the study key.
    public var keyGeneration: UInt32
    /// Bytes of plaintext of the payload: the Part 10 object.
    public var payloadLength: UInt64
    /// Bytes of plaintext of the manifest.
    public var manifestLength: UInt32
    /// Bytes of the whole record in the pack.
    public var recordLength: UInt64

    /// Makes a location.
    public init(
        packID: RandomID,
        recordOffset: UInt64,
        recordID: RandomID,
        studyKeyID: RandomID,
        keyGeneration: UInt32,
        payloadLength: UInt64,
        manifestLength: UInt32,
        recordLength: UInt64
    ) {
        self.packID = packID
        self.recordOffset = recordOffset
        self.recordID = recordID
        self.studyKeyID = studyKeyID
        self.keyGeneration = keyGeneration
        self.payloadLength = payloadLength
        self.manifestLength = manifestLength
        self.recordLength = recordLength
    }
}

/// A header (all elements but bulk), compressed and sealed under the study key.
public struct SealedHeader: Sendable, Hashable {
    /// The record whose header it is; part of the key.
    public var recordID: RandomID
    /// The study key.
    public var studyKeyID: RandomID
    /// The generation of the study key.
    public var keyGeneration: UInt32
    /// Who sent the instance.
    public var source: String
    /// Nonce, ciphertext and tag.
    public var bytes: [UInt8]

    /// Makes a header.
    public init(recordID: RandomID, studyKeyID: RandomID, keyGeneration: UInt32, source: String, bytes: [UInt8]) {
        self.source = source
        self.recordID = recordID
        self.studyKeyID = studyKeyID
        self.keyGeneration = keyGeneration
        self.bytes = bytes
    }
}

/// Everything that the catalog keeps of one instance.
public struct InstanceRecord: Sendable, Hashable {
    /// Study, series and instance.
    public var path: InstancePath
    /// SOP Class UID (0008,0016).
    public var sopClassUID: UID
    /// Transfer Syntax UID of the stored bytes.
    public var transferSyntaxUID: UID
    /// Column values of all four levels, as this instance has them.
    public var values: CatalogValues
    /// Where the bytes are.
    public var location: StoredLocation
    /// Bytes of preamble and File Meta Information in front of the Data Set.
    public var dataSetOffset: UInt64
    /// SHA-256 of the Data Set as stored, 32 bytes.
    public var dataSetDigest: [UInt8]
    /// When it was received.
    public var receivedAt: Timestamp
    /// Who sent it: an AE title or a principal's name.
    public var source: String
    /// The header's nonce, ciphertext and tag.
    public var sealedHeader: [UInt8]
    /// The encoded frame index; `nil` without frames.
    public var frameIndex: [UInt8]?

    /// Makes a record.
    public init(
        path: InstancePath,
        sopClassUID: UID,
        transferSyntaxUID: UID,
        values: CatalogValues,
        location: StoredLocation,
        dataSetOffset: UInt64,
        dataSetDigest: [UInt8],
        receivedAt: Timestamp,
        source: String,
        sealedHeader: [UInt8],
        frameIndex: [UInt8]?
    ) {
        self.path = path
        self.sopClassUID = sopClassUID
        self.transferSyntaxUID = transferSyntaxUID
        self.values = values
        self.location = location
        self.dataSetOffset = dataSetOffset
        self.dataSetDigest = dataSetDigest
        self.receivedAt = receivedAt
        self.source = source
        self.sealedHeader = sealedHeader
        self.frameIndex = frameIndex
    }

    /// The sealed header with what opens it.
    public var header: SealedHeader {
        SealedHeader(
            recordID: location.recordID,
            studyKeyID: location.studyKeyID,
            keyGeneration: location.keyGeneration,
            source: source,
            bytes: sealedHeader
        )
    }
}
