import AccessControl
import ArchiveServices
import DICOMCore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Platform

/// Retrieves whole objects (PS3.18 10.4.1.1.1 to 10.4.1.1.3).
struct ObjectRoutes: Sendable {
    let retrieve: RetrieveService
    let links: Links
    let logger: Logger

    private static let pageLength = 500

    /// Sends the objects of a study, series or instance as they are stored.
    func objects(in scope: RetrieveScope, accept: AcceptHeader, as principal: Principal) async throws -> Response {
        let isInstance = scope.sopInstanceUID != nil
        let acceptance = RetrieveAcceptance(accept, allowsSingle: isInstance)
        var pages = InstancePages(
            of: scope,
            from: retrieve,
            length: Self.pageLength,
            includesHeader: false,
            as: principal
        )
        let first = try await pages.next() ?? []
        let survey = try await survey(first, pages, acceptance)
        guard let packaging = survey.packaging else { throw RetrieveAcceptance.refusal(survey.representations) }

        guard packaging == .multipart, !isInstance else {
            guard let instance = first.first else { throw ArchiveError(.notFound, "There is no such instance") }
            return try await single(instance, packaging, as: principal)
        }
        return try await multipart(first, pages, acceptance, isPartial: survey.isPartial, as: principal)
    }

    private struct Survey {
        var packaging: RetrieveAcceptance.Packaging?
        /// Forms of the objects that were looked at.
        var representations: Set<Representation> = []
        /// Whether some object is in no accepted form.
        var isPartial = false
    }

    // Only a client that names Transfer Syntaxes can be refused some objects; then all must be looked at beforehand,
    // because the status says whether all are sent (PS3.18 table 10.4.3-1, 206).
    private func survey(
        _ first: [ArchivedInstance],
        _ rest: InstancePages,
        _ acceptance: RetrieveAcceptance
    ) async throws -> Survey {
        var survey = Survey()
        var pages = rest
        var next: [ArchivedInstance]? = first
        while let page = next {
            survey.representations.formUnion(page.map { .object($0.transferSyntax) })
            next = acceptance.isSelective ? try await pages.next() : nil
        }
        survey.packaging = acceptance.packaging(for: survey.representations)
        if let packaging = survey.packaging {
            survey.isPartial = !survey.representations.allSatisfy { acceptance.accepts($0, packaging: packaging) }
        }
        return survey
    }

    private func single(
        _ instance: ArchivedInstance,
        _ packaging: RetrieveAcceptance.Packaging,
        as principal: Principal
    ) async throws -> Response {
        let payload = try await retrieve.payload(of: instance, as: principal)
        let type = Representation.object(instance.transferSyntax).contentType(as: "application/dicom")
        switch packaging {
        case .single: return StreamedResponse.single(payload, contentType: type, logger: logger)
        case .multipart:
            return StreamedResponse.multipart(
                payload,
                type: "application/dicom",
                contentType: type,
                location: links.instance(instance.path),
                logger: logger
            )
        }
    }

    private func multipart(
        _ first: [ArchivedInstance],
        _ rest: InstancePages,
        _ acceptance: RetrieveAcceptance,
        isPartial: Bool,
        as principal: Principal
    ) async throws -> Response {
        let frame = MultipartFrame(random: SystemRandomSource())
        // The first object is opened before the status goes out: what fails there can still be told.
        var opened: ByteStream?
        if let instance = first.first { opened = try await retrieve.payload(of: instance, as: principal) }
        let firstPayload = opened
        return Response(
            status: isPartial ? .partialContent : .ok,
            headers: [.contentType: frame.contentType(type: "application/dicom")],
            body: StreamedResponse.body(logger: logger) { writer in
                var pages = rest
                var next: [ArchivedInstance]? = first
                var isFirst = true
                var waitingPayload = firstPayload
                while let page = next {
                    for instance in page {
                        // The first instance's payload is open already; it is used up or passed over here.
                        let opened = waitingPayload
                        waitingPayload = nil
                        let form = Representation.object(instance.transferSyntax)
                        guard acceptance.accepts(form, packaging: .multipart) else { continue }
                        let head = frame.head(
                            contentType: form.contentType(as: "application/dicom"),
                            location: links.instance(instance.path),
                            isFirst: isFirst
                        )
                        try await writer.write(head)
                        isFirst = false
                        if let opened {
                            try await writer.write(contentsOf: opened)
                        } else {
                            try await writer.write(contentsOf: retrieve.payload(of: instance, as: principal))
                        }
                    }
                    next = try await pages.next()
                }
                try await writer.write(frame.tail)
            }
        )
    }
}
