import AccessControl
import ArchiveCatalog
import ArchiveServices
import DICOMCore
import DICOMUpperLayer
import DIMSE
import Logging
import Metrics

/// Makes the services of each association from those of the archive.
struct ArchiveServiceProvider: DIMSEServiceProvider {
    let archive: Archive
    let opensAccess: Bool
    let aeTitle: AETitle
    let matching: MatchingParser
    let logger: Logger

    func open(_ association: AssociationDescription) async -> any DIMSEServices {
        let principal = Principal(opensAccess ? .anyoneOnLoopback : .applicationEntity(association.callingAETitle))
        return ArchiveAssociation(archive: archive, principal: principal, aeTitle: aeTitle, matching: matching)
    }
}

/// One peer's view of the archive.
final class ArchiveAssociation: DIMSEServices {
    private let archive: Archive
    private let principal: Principal
    private let aeTitle: AETitle
    private let matching: MatchingParser
    /// Why the peer may not store, or its session.
    private let session: Result<IngestSession, ArchiveError>

    init(archive: Archive, principal: Principal, aeTitle: AETitle, matching: MatchingParser) {
        self.archive = archive
        self.principal = principal
        self.aeTitle = aeTitle
        self.matching = matching
        do throws(ArchiveError) {
            session = .success(try archive.ingest.openSession(for: principal))
        } catch {
            session = .failure(error)
        }
    }

    func store(_ request: CStoreRequest, body: DIMSEBody) async -> DIMSEOutcome {
        counted("C-STORE", await storeUncounted(request, body: body))
    }

    private func storeUncounted(_ request: CStoreRequest, body: DIMSEBody) async -> DIMSEOutcome {
        switch session {
        case .failure:
            return StatusMap.outcome(IngestRefusal(.denied))
        case .success(let session):
            let object = IncomingObject(
                form: .dataSet(request.transferSyntax),
                sopClassUID: request.affectedSOPClassUID,
                sopInstanceUID: request.affectedSOPInstanceUID
            )
            return StatusMap.outcome(await session.store(object, body: body))
        }
    }

    func find(
        _ request: CFindRequest,
        identifier: DataSet,
        respond: @escaping MatchResponder
    ) async -> DIMSEOutcome {
        counted("C-FIND", await findUncounted(request, identifier: identifier, respond: respond))
    }

    private func counted(_ operation: String, _ outcome: DIMSEOutcome) -> DIMSEOutcome {
        let code = String(outcome.status.rawValue, radix: 16, uppercase: true)
        let status = String(repeating: "0", count: max(0, 4 - code.count)) + code
        let dimensions = [("operation", operation), ("status", status)]
        Counter(label: "cassette_dimse_requests_total", dimensions: dimensions).increment()
        return outcome
    }

    private func findUncounted(
        _ request: CFindRequest,
        identifier: DataSet,
        respond: @escaping MatchResponder
    ) async -> DIMSEOutcome {
        do {
            let model: FindIdentifier.Model =
                request.affectedSOPClassUID == ArchiveNegotiationPolicy.patientRootFind ? .patientRoot : .studyRoot
            let question = try FindIdentifier(
                identifier,
                model: model,
                parser: matching,
                inheriting: archive.assumedCharacterSets.inherited(fromSource: principal.name)
            )
            return try await answer(question, request, respond)
        } catch let error as IdentifierError {
            return StatusMap.outcome(error)
        } catch let error as ArchiveError {
            return StatusMap.outcome(error)
        } catch {
            // Only `respond` throws anything else: the peer has cancelled, or is gone.
            return DIMSEOutcome(.cancel)
        }
    }

    func ended() async {
        if case .success(let session) = session { await session.close() }
    }

    /// Answers page by page, so that memory is bounded however many matches there are.
    private func answer(
        _ question: FindIdentifier,
        _ request: CFindRequest,
        _ respond: @escaping MatchResponder
    ) async throws -> DIMSEOutcome {
        var query = question.query
        query.limit = question.pageLength
        while true {
            let page = try await archive.query.page(query, as: principal)
            let answers =
                question.wantsAvailability
                ? try await archive.query.withAvailability(page.answers, level: query.level, as: principal)
                : page.answers
            for match in answers {
                guard !request.isCancelled() else { return DIMSEOutcome(.cancel) }
                try await respond(question.response(match, retrieveAETitle: aeTitle), question.pendingStatus)
            }
            guard page.isCut || page.answers.count == question.pageLength else { return .success }
            query.after = page.end
        }
    }
}
