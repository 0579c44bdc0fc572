import ArchiveCatalog
import ArchiveServices
import DICOMCore
import DIMSE

/// How outcomes of services become statuses of PS3.7 and PS3.4: the one place that knows both.
enum StatusMap {
    /// The C-STORE outcome (PS3.4 B.2.3, PS3.7 9.1.1.1.9).
    static func outcome(_ outcome: IngestOutcome) -> DIMSEOutcome {
        switch outcome {
        case .stored, .alreadyStored: .success
        case .refused(let refusal): self.outcome(refusal)
        }
    }

    /// The C-STORE outcome of an object that was not stored.
    static func outcome(_ refusal: IngestRefusal) -> DIMSEOutcome {
        switch refusal.reason {
        case .denied:
            DIMSEOutcome(.notAuthorized, errorComment: "This caller may not store")
        case .notReadable(let error):
            DIMSEOutcome(
                .cannotUnderstand,
                errorComment: error.limit.map { "Offset \(error.offset): more than \($0)" }
                    ?? "\(error.code.rawValue) at offset \(error.offset)"
            )
        case .missingIdentity(let tag):
            DIMSEOutcome(
                .dataSetDoesNotMatchSOPClass,
                errorComment: "\(tag) is missing or no UID",
                offendingElements: [tag]
            )
        case .identityTooLate:
            DIMSEOutcome(
                .dataSetDoesNotMatchSOPClass,
                errorComment: "UIDs later than limits.data-set.identification-length",
                offendingElements: [.studyInstanceUID]
            )
        case .mismatch(let tag):
            DIMSEOutcome(
                .dataSetDoesNotMatchSOPClass,
                errorComment: "\(tag) differs from the command",
                offendingElements: [tag]
            )
        case .differentObjectStored:
            DIMSEOutcome(.duplicateSOPInstance, errorComment: "A different object with this UID is stored")
        case .belongsElsewhere:
            DIMSEOutcome(
                .dataSetDoesNotMatchSOPClass,
                errorComment: "UID known under another study or patient",
                offendingElements: [.studyInstanceUID]
            )
        case .tooLong:
            DIMSEOutcome(.outOfResources, errorComment: "Longer than limits.data-set.instance-length or limits.deflate")
        case .noSpace:
            DIMSEOutcome(.outOfResources, errorComment: "The archive's volume is full")
        case .storageFailed:
            DIMSEOutcome(.outOfResources, errorComment: "Storage failed, see the archive's log")
        case .notSecured:
            DIMSEOutcome(.outOfResources, errorComment: "The remote store did not take it in time; send again")
        case .interrupted:
            DIMSEOutcome(.cannotUnderstand, errorComment: "The Data Set was not complete")
        }
    }

    /// The C-FIND outcome of a failed query (PS3.4 C.4.1.1.4).
    static func outcome(_ error: ArchiveError) -> DIMSEOutcome {
        switch error.code {
        case .denied: DIMSEOutcome(.notAuthorized, errorComment: "This caller may not search")
        case .noSpace, .unavailable, .frozen:
            DIMSEOutcome(.outOfResources, errorComment: "The archive cannot search now")
        case .notFound, .badRequest, .conflict, .framesUnknown, .notDecodable, .notMakeable:
            DIMSEOutcome(.cannotUnderstand, errorComment: "Unable to process")
        case .damaged: DIMSEOutcome(.cannotUnderstand, errorComment: "The index is damaged, see the log")
        }
    }

    /// The C-FIND outcome of an identifier that makes no sense.
    static func outcome(_ error: IdentifierError) -> DIMSEOutcome {
        DIMSEOutcome(
            error.isTooMuch ? .outOfResources : .dataSetDoesNotMatchSOPClass,
            errorComment: error.comment,
            offendingElements: [error.tag]
        )
    }
}
