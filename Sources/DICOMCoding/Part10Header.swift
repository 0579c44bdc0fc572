public import DICOMCore
public import NIOCore

/// What stands before the Data Set of a DICOM file (PS3.10 7.1).
public struct Part10Header: Sendable, Hashable {
    /// The 128 bytes in front of the prefix; `nil` when the file begins without them.
    public let preamble: ByteBuffer?
    /// Group 0002; without elements when the file has none.
    public let fileMetaInformation: FileMetaInformation
    /// How the Data Set is encoded: as the File Meta Information says, otherwise as its first element looks.
    public let transferSyntax: TransferSyntax
    /// Bytes from the first byte of the file to the first byte of the Data Set.
    public let dataSetOffset: UInt64
    /// What the file does not do as the standard demands; offsets count from its first byte.
    public let quirks: [Quirk]

    /// Whether the header has such a quirk.
    public func has(_ kind: Quirk.Kind) -> Bool {
        quirks.contains { $0.kind == kind }
    }

    /// The bytes in front of a Data Set that make it a DICOM file.
    ///
    /// - Parameters:
    ///   - sourceAETitle: the peer that sent the Data Set, if one did.
    ///   - implementationVersionName: up to 16 characters.
    public static func encoded(
        sopClassUID: UID,
        sopInstanceUID: UID,
        transferSyntax: TransferSyntax,
        sourceAETitle: AETitle? = nil,
        implementationClassUID: UID,
        implementationVersionName: String
    ) throws(DataSetError) -> ByteBuffer {
        var meta = DataSet([
            DataElement(
                tag: .fileMetaInformationVersion,
                vr: .ob,
                value: .bytes(ByteBuffer(bytes: [0, 1]))
            ),
            .uid(.mediaStorageSOPClassUID, sopClassUID),
            .uid(.mediaStorageSOPInstanceUID, sopInstanceUID),
            .uid(.transferSyntaxUID, transferSyntax.uid),
            .uid(.implementationClassUID, implementationClassUID),
            .text(.implementationVersionName, .sh, implementationVersionName),
        ])
        if let sourceAETitle {
            meta.set(.text(.sourceApplicationEntityTitle, .ae, sourceAETitle.string))
        }
        var bytes = ByteBuffer(repeating: 0, count: 128)
        bytes.writeString("DICM")
        bytes.writeImmutableBuffer(try DataSetEncoder.encodeGroup(2, of: meta, in: .explicitVRLittleEndian))
        return bytes
    }
}
