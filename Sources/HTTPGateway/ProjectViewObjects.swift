import ArchiveServices
import DICOMCore
import HTTPTypes
import Hummingbird
import Logging
import Platform

/// Sends whole objects of a project's view, as they were made or in another Transfer Syntax.
struct ProjectViewObjects: Sendable {
    let view: ProjectView
    /// Where the resources of the view begin.
    let base: String
    let logger: Logger

    /// An object whose first bytes are known to come.
    private struct Opened: Sendable {
        let location: String
        let choice: RetrieveChoice
        let body: Body
    }

    private enum Body: Sendable {
        case asMade(ExportContent)
        case transcoded(TranscodedObject)
    }

    /// Sends the objects that the client takes.
    ///
    /// What was left out before the first object is known, and told by 206; what comes is not.
    func answer(_ found: ViewedObjects, _ accept: AcceptHeader, isSingle: Bool) async throws -> Response {
        let acceptance = RetrieveAcceptance(accept, allowsSingle: isSingle)
        var objects = found
        var refusal: (any Error)?
        while let object = try await objects.next() {
            do {
                let opened = try await open(object, acceptance, isSingle ? nil : .multipart)
                guard opened.choice.packaging == .multipart else { return single(opened) }
                return multipart(opened, objects, acceptance, isPartial: refusal != nil || objects.leftOutCount > 0)
            } catch {
                guard ObjectRoutes.passesOver(error) else { throw error }
                refusal = refusal ?? error
            }
        }
        throw refusal ?? ProjectView.nothing
    }

    /// Opens an object in the first of the ways that work.
    private func open(
        _ object: ViewedObject,
        _ acceptance: RetrieveAcceptance,
        _ packaging: RetrieveAcceptance.Packaging?
    ) async throws -> Opened {
        let location = Links.instance(object.path, below: base)
        var failures = RetrieveFailures(stored: object.transferSyntax, kind: .objects, hasFrames: true)
        for choice in acceptance.choices(for: object.transferSyntax, .objects)
        where packaging == nil || packaging == choice.packaging {
            do throws(ArchiveError) {
                guard let request = choice.request else {
                    return Opened(location: location, choice: choice, body: .asMade(object.content))
                }
                let made = try await view.transcoded(object, request)
                return Opened(location: location, choice: choice, body: .transcoded(made))
            } catch {
                try failures.note(error, of: choice)
            }
        }
        throw failures.error
    }

    private func single(_ opened: Opened) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: opened.choice.contentType, .contentDisposition: "attachment; filename=\"object\"",
            ],
            body: StreamedResponse.body(logger: logger) { writer in try await write(opened.body, to: &writer) }
        )
    }

    private func multipart(
        _ first: Opened,
        _ rest: ViewedObjects,
        _ acceptance: RetrieveAcceptance,
        isPartial: Bool
    ) -> Response {
        let frame = MultipartFrame(random: SystemRandomSource())
        return Response(
            status: isPartial ? .partialContent : .ok,
            headers: [.contentType: frame.contentType(type: first.choice.mediaType)],
            body: StreamedResponse.body(logger: logger) { writer in
                var objects = rest
                var next: Opened? = first
                var isFirst = true
                while let opened = next {
                    try await writer.write(
                        frame.head(
                            contentType: opened.choice.contentType,
                            location: opened.location,
                            isFirst: isFirst
                        )
                    )
                    isFirst = false
                    try await write(opened.body, to: &writer)
                    try await writer.flush()
                    next = nil
                    while next == nil, let object = try await objects.next() {
                        next = try await openedIfPossible(object, acceptance)
                    }
                }
                try await writer.write(frame.tail)
            }
        )
    }

    /// The object, or `nil` where it cannot be sent.
    private func openedIfPossible(_ object: ViewedObject, _ acceptance: RetrieveAcceptance) async throws -> Opened? {
        do {
            return try await open(object, acceptance, .multipart)
        } catch {
            guard ObjectRoutes.passesOver(error) else { throw error }
            logger.notice(
                "An object was left out of an answer",
                metadata: [LogKeys.errorCode: "\(Problem(error).code)"]
            )
            return nil
        }
    }

    private func write(_ body: Body, to writer: inout BatchedWriter) async throws {
        switch body {
        case .transcoded(let object): try await writer.write(contentsOf: object)
        case .asMade(let content):
            var pieces = writer
            try await content.forEachPiece { try await pieces.write($0) }
            writer = pieces
        }
    }
}
