import ArchiveCatalog
import ArchiveServices
import DICOMCore
import HTTPTypes

/// What is answered to a request that stores (PS3.18 10.5.3 and annex I).
struct StoreResponse: Sendable {
    private let outcomes: [IngestOutcome]

    /// Takes the outcomes of all parts, in their order.
    init(_ outcomes: [IngestOutcome]) {
        self.outcomes = outcomes
    }

    private var stored: [InstanceIdentification] {
        outcomes.compactMap { outcome in
            switch outcome {
            case .stored(let identification), .alreadyStored(let identification): identification
            case .refused: nil
            }
        }
    }

    private var refusals: [IngestRefusal] {
        outcomes.compactMap { outcome in
            if case .refused(let refusal) = outcome { refusal } else { nil }
        }
    }

    /// The status of the whole (PS3.18 table 10.5.3-1).
    var status: HTTPResponse.Status {
        let refusals = self.refusals
        guard let first = refusals.first else { return .ok }
        guard refusals.count == outcomes.count else { return .accepted }
        let status = first.reason.statusWhenAllFail
        return refusals.allSatisfy { $0.reason.statusWhenAllFail == status } ? status : .conflict
    }

    /// The Store Instances Response Module.
    func dataSet(links: Links) -> DataSet {
        var dataSet = DataSet()
        let stored = self.stored
        let studies = Set(stored.map(\.path.studyInstanceUID))
        if studies.count == 1, let study = studies.first {
            dataSet.set(.text(.retrieveURL, .ur, links.study(study)))
        }
        if !stored.isEmpty {
            dataSet.set(.sequence(.referencedSOPSequence, stored.map { Self.item(of: $0, links: links) }))
        }
        let failures = refusals.filter { $0.sopInstanceUID != nil }
        if !failures.isEmpty { dataSet.set(.sequence(.failedSOPSequence, failures.map(Self.item))) }
        // Objects that nobody can name: PS3.18 annex I, Other Failures Sequence.
        let others = refusals.filter { $0.sopInstanceUID == nil }
        if !others.isEmpty { dataSet.set(.sequence(.otherFailuresSequence, others.map(Self.item))) }
        return dataSet
    }

    private static func item(of identification: InstanceIdentification, links: Links) -> DataSet {
        DataSet([
            .uid(.referencedSOPClassUID, identification.sopClassUID),
            .uid(.referencedSOPInstanceUID, identification.path.sopInstanceUID),
            .text(.retrieveURL, .ur, links.instance(identification.path)),
        ])
    }

    private static func item(of refusal: IngestRefusal) -> DataSet {
        var item = DataSet([.unsignedShort(.failureReason, refusal.reason.failureReason)])
        if let uid = refusal.sopClassUID { item.set(.uid(.referencedSOPClassUID, uid)) }
        if let uid = refusal.sopInstanceUID { item.set(.uid(.referencedSOPInstanceUID, uid)) }
        return item
    }
}
