import ArchiveCatalog
import Crypto
import DICOMCore

/// What a payload is bound to besides its record: the hash of the five UIDs that name and describe it.
///
/// A payload that was swapped for another one, of another instance or under another label, does not open.
enum PayloadContext {
    /// SHA-256 over SOP Class, SOP Instance, Study Instance, Series Instance and Transfer Syntax UID, each behind its
    /// length in one byte.
    static func bytes(path: InstancePath, sopClassUID: UID, transferSyntaxUID: UID) -> [UInt8] {
        let uids = [sopClassUID, path.sopInstanceUID, path.studyInstanceUID, path.seriesInstanceUID, transferSyntaxUID]
        var text: [UInt8] = []
        text.reserveCapacity(uids.count * (UID.lengthLimit + 1))
        for uid in uids {
            text.append(UInt8(truncatingIfNeeded: uid.string.utf8.count))
            text.append(contentsOf: uid.string.utf8)
        }
        return Array(SHA256.hash(data: text))
    }

    /// The context of a stored instance.
    static func bytes(of record: InstanceRecord) -> [UInt8] {
        bytes(path: record.path, sopClassUID: record.sopClassUID, transferSyntaxUID: record.transferSyntaxUID)
    }
}
