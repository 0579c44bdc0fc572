import ArchiveServices
import DICOMCore
import DIMSE
import Testing

@testable import DICOMGateway

@Suite struct `Statuses for the peer` {
    /// Statuses of PS3.4 table B.2-1 and PS3.7 annex C.
    @Test(arguments: [
        (IngestRefusal.Reason.denied, UInt16(0x0124)),
        (.notReadable(DataSetError(.truncated, at: 12)), 0xC000),
        (.missingIdentity(.studyInstanceUID), 0xA900),
        (.mismatch(.sopInstanceUID), 0xA900),
        (.differentObjectStored, 0x0111),
        (.belongsElsewhere, 0xA900),
        (.tooLong, 0xA700),
        (.noSpace, 0xA700),
        (.storageFailed, 0xA700),
        (.interrupted, 0xC000),
    ])
    func `each refusal has its C-STORE status and a comment that fits`(reason: IngestRefusal.Reason, status: UInt16) {
        let outcome = StatusMap.outcome(IngestRefusal(reason))

        #expect(outcome.status.rawValue == status)
        // Error Comment (0000,0902) is LO: 64 characters at most.
        #expect((outcome.errorComment?.utf8.count ?? 65) <= 64)
    }

    /// Statuses of PS3.4 table C.4-1.
    @Test(arguments: [
        (ArchiveError.Code.denied, UInt16(0x0124)), (.noSpace, 0xA700), (.unavailable, 0xA700), (.damaged, 0xC000),
        (.badRequest, 0xC000), (.notFound, 0xC000), (.framesUnknown, 0xC000),
    ])
    func `each failed query has its C-FIND status`(code: ArchiveError.Code, status: UInt16) {
        #expect(StatusMap.outcome(ArchiveError(code, "advice")).status.rawValue == status)
    }
}
