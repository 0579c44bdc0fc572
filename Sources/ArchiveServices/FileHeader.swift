import AccessControl
import DICOMCoding
import DICOMCore
import NIOCore

/// The preamble and File Meta Information that this archive puts in front of a Data Set that came without them.
enum FileHeader {
    /// - Parameter source: The name of the sender; entered as Source Application Entity Title where it is one.
    static func encoded(
        sopClassUID: UID,
        sopInstanceUID: UID,
        transferSyntax: TransferSyntax,
        source: String
    ) throws(DataSetError) -> ByteBuffer {
        try Part10Header.encoded(
            sopClassUID: sopClassUID,
            sopInstanceUID: sopInstanceUID,
            transferSyntax: transferSyntax,
            sourceAETitle: AETitle(source),
            implementationClassUID: Implementation.classUID,
            implementationVersionName: Implementation.versionName
        )
    }
}
