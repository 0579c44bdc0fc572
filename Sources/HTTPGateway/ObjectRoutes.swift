import AccessControl
import ArchiveCatalog
import ArchiveServices
import DICOMCore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Platform

/// Retrieves whole objects (PS3.18 10.4.1.1.1 to 10.4.1.1.3), as they are stored or in another Transfer Syntax.
struct ObjectRoutes: Sendable {
    let retrieve: RetrieveService
    let links: Links
    let logger: Logger

    private static let pageLength = 500

    /// Sends the objects of a study, series or instance.
    func objects(in scope: RetrieveScope, accept: AcceptHeader, as principal: Principal) async throws -> Response {
        let isInstance = scope.sopInstanceUID != nil
        let acceptance = RetrieveAcceptance(accept, allowsSingle: isInstance)
        let pages = InstancePages(
            of: scope,
            from: retrieve,
            length: Self.pageLength,
            includesHeader: !acceptance.takesStored,
            as: principal
        )
        guard isInstance else {
            try await retrieve.requireReadable(scope, as: principal)
            return try await multipart(pages, acceptance, as: principal)
        }
        var single = pages
        guard let instance = try await single.next()?.first else {
            throw ArchiveError(.notFound, "There is no such instance")
        }
        return try answer(try await open(instance, acceptance, as: principal), instance)
    }

    /// An object whose first bytes are known to come.
    private struct OpenedObject: Sendable {
        let choice: RetrieveChoice
        let body: ObjectBody
    }

    /// The bytes of an object.
    private enum ObjectBody: Sendable {
        case stored(ByteStream)
        case made(TranscodedObject)
    }

    /// Opens an object in the first of the ways that work.
    ///
    /// - Throws: Why none does.
    private func open(
        _ instance: ArchivedInstance,
        _ acceptance: RetrieveAcceptance,
        _ packaging: RetrieveAcceptance.Packaging? = nil,
        as principal: Principal
    ) async throws -> OpenedObject {
        var failures = RetrieveFailures(
            stored: instance.transferSyntax,
            kind: .objects,
            hasFrames: instance.record.frameIndex != nil
        )
        for choice in acceptance.choices(for: instance.transferSyntax, .objects)
        where packaging == nil || packaging == choice.packaging {
            do throws(ArchiveError) {
                guard let request = choice.request else {
                    let payload = try await retrieve.payload(of: instance, as: principal)
                    return OpenedObject(choice: choice, body: .stored(payload))
                }
                let object = try await retrieve.object(instance, in: request, as: principal)
                return OpenedObject(choice: choice, body: .made(object))
            } catch {
                try failures.note(error, of: choice)
            }
        }
        throw failures.error
    }

    private func answer(_ opened: OpenedObject, _ instance: ArchivedInstance) throws -> Response {
        let type = opened.choice.contentType
        let location = links.instance(instance.path)
        switch (opened.choice.packaging, opened.body) {
        case (.single, .stored(let payload)):
            return StreamedResponse.single(payload, contentType: type, logger: logger)
        case (.multipart, .stored(let payload)):
            return StreamedResponse.multipart(
                payload,
                type: opened.choice.mediaType,
                contentType: type,
                location: location,
                logger: logger
            )
        case (.single, .made(let object)):
            return StreamedResponse.single(object, contentType: type, logger: logger)
        case (.multipart, .made(let object)):
            let frame = MultipartFrame(random: SystemRandomSource())
            return Response(
                status: .ok,
                headers: [.contentType: frame.contentType(type: opened.choice.mediaType)],
                body: StreamedResponse.body(logger: logger) { writer in
                    try await writer.write(frame.head(contentType: type, location: location, isFirst: true))
                    try await writer.write(contentsOf: object)
                    try await writer.write(frame.tail)
                }
            )
        }
    }

    /// Sends many objects.
    ///
    /// The first that can be sent is opened before the status goes out: what fails before it can still be told, with 206
    /// (PS3.18 table 10.4.3-1). What fails to open behind it is passed over.
    private func multipart(
        _ pages: InstancePages,
        _ acceptance: RetrieveAcceptance,
        as principal: Principal
    ) async throws -> Response {
        guard acceptance.offers.contains(where: { $0.packaging == .multipart }) else {
            throw RetrieveAcceptance.refusal(of: .explicitVRLittleEndian, .objects)
        }
        var isPartial = try await isPartial(pages, acceptance)
        var cursor = InstanceCursor(pages)
        var firstFailure: (any Error)?
        while let instance = try await cursor.next() {
            do {
                let opened = try await open(instance, acceptance, .multipart, as: principal)
                return stream(Handover(opened), instance, cursor, acceptance, isPartial: isPartial, as: principal)
            } catch {
                guard Self.passesOver(error) else { throw error }
                firstFailure = firstFailure ?? error
                isPartial = true
            }
        }
        throw firstFailure ?? ArchiveError(.notFound, "The archive has no such study or series")
    }

    private func stream(
        _ first: Handover<OpenedObject>,
        _ firstInstance: ArchivedInstance,
        _ rest: InstanceCursor,
        _ acceptance: RetrieveAcceptance,
        isPartial: Bool,
        as principal: Principal
    ) -> Response {
        let frame = MultipartFrame(random: SystemRandomSource())
        return Response(
            status: isPartial ? .partialContent : .ok,
            headers: [.contentType: frame.contentType(type: "application/dicom")],
            body: StreamedResponse.body(logger: logger) { writer in
                var cursor = rest
                var next: ArchivedInstance? = firstInstance
                var isFirst = true
                while let instance = next {
                    if let opened = try await reopen(first, instance, acceptance, as: principal) {
                        let head = frame.head(
                            contentType: opened.choice.contentType,
                            location: links.instance(instance.path),
                            isFirst: isFirst
                        )
                        isFirst = false
                        try await writer.write(head)
                        switch opened.body {
                        case .stored(let payload): try await writer.write(contentsOf: payload)
                        case .made(let object):
                            try await writer.write(contentsOf: object)
                            // What is gathered may hold memory that the next object waits for.
                            try await writer.flush()
                        }
                    }
                    next = try await cursor.next()
                }
                try await writer.write(frame.tail)
            }
        )
    }

    /// The object that was opened before the status went out, or the next one; `nil` where it cannot be sent.
    private func reopen(
        _ first: Handover<OpenedObject>,
        _ instance: ArchivedInstance,
        _ acceptance: RetrieveAcceptance,
        as principal: Principal
    ) async throws -> OpenedObject? {
        if let opened = first.take() { return opened }
        do {
            return try await open(instance, acceptance, .multipart, as: principal)
        } catch {
            guard Self.passesOver(error) else { throw error }
            logger.notice(
                "An object was left out of an answer",
                metadata: [LogKeys.errorCode: "\(Problem(error).code)"]
            )
            return nil
        }
    }

    /// Whether an object that fails so is left out, and the others are sent.
    static func passesOver(_ error: any Error) -> Bool {
        if let error = error as? ArchiveError {
            return error.code == .notDecodable || error.code == .framesUnknown || error.code == .notMakeable
        }
        return (error as? RequestError)?.code == .notAcceptable
    }

    // Only a client that names Transfer Syntaxes can be refused some objects; then all must be looked at
    // beforehand, because the status says whether all are sent (PS3.18 table 10.4.3-1, 206).
    private func isPartial(_ pages: InstancePages, _ acceptance: RetrieveAcceptance) async throws -> Bool {
        guard acceptance.isSelective else { return false }
        var pages = pages
        while let page = try await pages.next() {
            for instance in page {
                let choices = acceptance.choices(for: instance.transferSyntax, .objects)
                // Without frames there is nothing to compress.
                let isSendable = choices.contains {
                    $0.packaging == .multipart
                        && ($0.request?.target.isNative ?? true || instance.record.frameIndex != nil)
                }
                if !isSendable { return true }
            }
        }
        return false
    }
}

/// The instances of a scope one by one.
struct InstanceCursor: Sendable {
    private var pages: InstancePages
    private var page: ArraySlice<ArchivedInstance> = []

    init(_ pages: InstancePages) {
        self.pages = pages
    }

    /// The next instance; `nil` at the end.
    mutating func next() async throws(ArchiveError) -> ArchivedInstance? {
        while page.isEmpty {
            guard let next = try await pages.next() else { return nil }
            page = next[...]
        }
        return page.popFirst()
    }
}
