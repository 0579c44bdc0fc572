import AccessControl
import ArchiveServices
import DICOMCoding
import DICOMCore
import HTTPTypes
import Hummingbird
import NIOCore

/// The Store transaction (PS3.18 10.5).
struct StoreRoutes: Sendable {
    let ingest: IngestService
    let links: Links
    let limits: HTTPLimits

    private enum Content {
        case multipart(boundary: String)
        case single(transferSyntaxUID: UID?)
    }

    /// Stores what the body holds and tells what became of each object.
    func store(
        _ request: Request,
        _ invitation: BodyInvitation,
        accept: AcceptHeader,
        study: UID?,
        as principal: Principal
    ) async throws -> Response {
        let form = try AnswerForm(accept, isSingle: true)
        let content = try Self.content(request.headers)
        let declaredLength = try Self.declaredLength(request.headers, limit: limits.storeLength)
        let body = StoreBody(
            body: request.body,
            declaredLength: declaredLength,
            limits: limits,
            invitation: invitation
        )

        let session = try ingest.openSession(for: principal)
        let outcomes: [IngestOutcome]
        do {
            outcomes = try await storeAll(content, body, study: study, in: session)
        } catch {
            await session.close()
            throw error
        }
        await session.close()

        let answer = StoreResponse(outcomes)
        let dataSet = answer.dataSet(links: links)
        switch form {
        case .json(let mediaType):
            return Response(
                status: answer.status,
                headers: [.contentType: mediaType],
                body: ResponseBody(byteBuffer: AnswerForm.json(dataSet))
            )
        case .xmlAlone:
            return Response(
                status: answer.status,
                headers: [.contentType: AnswerForm.xmlType],
                body: ResponseBody(byteBuffer: ModelWriter.text(of: dataSet, as: .xml))
            )
        case .xmlParts:
            return XMLParts.response(status: answer.status, headers: [:], dataSets: [dataSet])
        }
    }

    private func storeAll(
        _ content: Content,
        _ body: StoreBody,
        study: UID?,
        in session: IngestSession
    ) async throws -> [IngestOutcome] {
        var object = IncomingObject(form: .part10, studyInstanceUID: study)
        switch content {
        case .single(let transferSyntaxUID):
            object.transferSyntaxUID = transferSyntaxUID
            let reader = SinglePartReader(body)
            let outcome = await session.store(object, body: SinglePartBody(reader: reader))
            // What the session saw as an interruption may be a limit that the client should hear of.
            if let failure = reader.failure { throw failure }
            return [outcome]
        case .multipart(let boundary):
            let decoder = try MultipartDecoder(boundary: boundary, limits: limits.multipart)
            let reader = MultipartReader(body, decoder: decoder)
            var outcomes: [IngestOutcome] = []
            while let header = try await reader.nextPart() {
                if Self.isObject(header) {
                    object.transferSyntaxUID = Self.transferSyntaxUID(header["content-type"].flatMap { MediaType($0) })
                    outcomes.append(await session.store(object, body: PartBody(reader: reader)))
                } else {
                    outcomes.append(.refused(IngestRefusal(.notReadable(DataSetError(.notDICOM, at: 0)))))
                }
            }
            guard !outcomes.isEmpty else { throw RequestError(.badRequest, "The body holds no part") }
            return outcomes
        }
    }

    private static func content(_ headers: HTTPFields) throws(RequestError) -> Content {
        if let encoding = headers[.contentEncoding], encoding.lowercased() != "identity" {
            throw RequestError(.unsupportedMediaType, "Send the body without Content-Encoding")
        }
        guard let text = headers[.contentType], let type = MediaType(text) else { throw unsupported }
        switch type.essence {
        case "application/dicom": return .single(transferSyntaxUID: transferSyntaxUID(type))
        case "multipart/related":
            guard (type.parameters["type"] ?? "application/dicom").lowercased() == "application/dicom" else {
                throw unsupported
            }
            return .multipart(boundary: type.parameters["boundary"] ?? "")
        default: throw unsupported
        }
    }

    private static var unsupported: RequestError {
        RequestError(
            .unsupportedMediaType,
            "The archive stores whole DICOM objects only, not metadata with separate bulk data",
            available: ["multipart/related; type=\"application/dicom\"", "application/dicom"]
        )
    }

    private static func declaredLength(_ headers: HTTPFields, limit: UInt64) throws(RequestError) -> UInt64? {
        guard let text = headers[.contentLength] else { return nil }
        guard let length = UInt64(text) else { throw RequestError(.badRequest, "Content-Length is no number") }
        guard length <= limit else {
            throw RequestError(
                .tooLarge,
                "The body is longer than the limit limits.http.store-length; send less at a time"
            )
        }
        return length
    }

    // PS3.18 8.7.3.5.2; a star says nothing.
    private static func transferSyntaxUID(_ type: MediaType?) -> UID? {
        type?.parameters["transfer-syntax"].flatMap { UID($0) }
    }

    private static func isObject(_ header: PartHeader) -> Bool {
        let encoding = header["content-transfer-encoding"]?.lowercased() ?? "binary"
        guard ["binary", "8bit", "7bit"].contains(encoding) else { return false }
        // A part without a type has the one of the message (RFC 2387 3.1).
        guard let text = header["content-type"] else { return true }
        return MediaType(text)?.essence == "application/dicom"
    }
}
