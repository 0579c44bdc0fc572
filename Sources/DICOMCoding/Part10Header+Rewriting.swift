import DICOMCore
import NIOCore

extension Part10Header {
    /// Preamble, prefix and File Meta Information for the object in another Transfer Syntax: as they were but for what
    /// tells of the encoding and its writer.
    ///
    /// - Parameters:
    ///   - names: SOP Class and SOP Instance UID of the Data Set, where they are known.
    ///   - renames: Whether `names` counts before what the File Meta Information says.
    func rewritten(
        for target: TransferSyntax,
        names: DataSet,
        renames: Bool = false,
        implementationClassUID: UID,
        implementationVersionName: String
    ) throws(DataSetError) -> ByteBuffer {
        var meta = fileMetaInformation.dataSet
        if meta[.fileMetaInformationVersion] == nil {
            meta.set(DataElement(tag: .fileMetaInformationVersion, vr: .ob, value: .bytes(ByteBuffer(bytes: [0, 1]))))
        }
        if renames || meta.uid(.mediaStorageSOPClassUID) == nil, let uid = names.uid(.sopClassUID) {
            meta.set(.uid(.mediaStorageSOPClassUID, uid))
        }
        if renames || meta.uid(.mediaStorageSOPInstanceUID) == nil, let uid = names.uid(.sopInstanceUID) {
            meta.set(.uid(.mediaStorageSOPInstanceUID, uid))
        }
        meta.set(.uid(.transferSyntaxUID, target.uid))
        meta.set(.uid(.implementationClassUID, implementationClassUID))
        meta.set(.text(.implementationVersionName, .sh, implementationVersionName))
        var bytes = preamble ?? ByteBuffer(repeating: 0, count: 128)
        bytes.writeString("DICM")
        bytes.writeImmutableBuffer(try DataSetEncoder.encodeGroup(2, of: meta, in: .explicitVRLittleEndian))
        return bytes
    }
}
