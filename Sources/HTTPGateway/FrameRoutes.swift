import AccessControl
import ArchiveServices
import DICOMCoding
import DICOMCore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Platform

/// Retrieves frames and bulk data (PS3.18 10.4.1.1.5 and 10.4.1.1.6).
struct FrameRoutes: Sendable {
    let retrieve: RetrieveService
    let links: Links
    let limits: HTTPLimits
    let logger: Logger

    /// Sends frames in the order of the list.
    func frames(
        _ list: String,
        of resource: Route.InstanceResource,
        accept: AcceptHeader,
        as principal: Principal
    ) async throws -> Response {
        let frameNumbers = try FrameList.frameNumbers(list, limit: limits.frameCount)
        let instance = try await instance(resource, as: principal)
        let frameCount = try await retrieve.frameCount(of: instance, as: principal)
        guard frameNumbers.allSatisfy({ $0 <= frameCount }) else {
            throw ArchiveError(.notFound, "The instance has \(frameCount) frames")
        }
        let acceptance = RetrieveAcceptance(accept, allowsSingle: frameNumbers.count == 1)
        let choices = acceptance.choices(for: instance.transferSyntax, .frames)
        return try await answer.frames(frameNumbers, of: source(instance, principal), choices)
    }

    /// Sends one bulk value; of compressed pixel data, every frame.
    func bulkData(
        at text: String,
        of resource: Route.InstanceResource,
        accept: AcceptHeader,
        as principal: Principal
    ) async throws -> Response {
        guard let path = BulkPath(text) else {
            throw RequestError(.badRequest, "The path of the bulk data is none that the metadata of an instance gave")
        }
        let instance = try await instance(resource, as: principal)
        if path == BulkPath(tag: .pixelData), instance.transferSyntax.isEncapsulated {
            let frameCount = try await retrieve.frameCount(of: instance, as: principal)
            guard frameCount > 0 else { throw ArchiveError(.notFound, "The instance has no frames") }
            let (packaging, mediaType) = try Self.negotiate(
                .frames(instance.transferSyntax),
                accept,
                allowsSingle: frameCount == 1
            )
            let choice = RetrieveChoice(
                packaging: packaging,
                mediaType: mediaType,
                form: .frames(instance.transferSyntax),
                request: nil
            )
            return try await answer.frames(Array(1...frameCount), of: source(instance, principal), [choice])
        }
        let isBigEndian = instance.transferSyntax.isBigEndian
        let form = Representation.frames(isBigEndian ? instance.transferSyntax : .explicitVRLittleEndian)
        let (packaging, mediaType) = try Self.negotiate(form, accept, allowsSingle: true)
        let stream = try await retrieve.bulkData(at: path.description, of: instance, as: principal)
        let location = links.instance(instance.path) + "/bulkdata/" + path.description
        return answer.single(stream, form, mediaType, packaging, location: location)
    }

    private var answer: FrameAnswer { FrameAnswer(logger: logger) }

    private func source(_ instance: ArchivedInstance, _ principal: Principal) -> ArchivedFrames {
        ArchivedFrames(
            instance: instance,
            location: links.instance(instance.path),
            retrieve: retrieve,
            principal: principal
        )
    }

    private func instance(
        _ resource: Route.InstanceResource,
        as principal: Principal
    ) async throws -> ArchivedInstance {
        let found = try await retrieve.instances(
            in: resource.scope,
            as: principal,
            limit: 1,
            includesHeader: true
        )
        guard let instance = found.first else { throw ArchiveError(.notFound, "There is no such instance") }
        return instance
    }

    private static func negotiate(
        _ form: Representation,
        _ accept: AcceptHeader,
        allowsSingle: Bool
    ) throws(RequestError) -> (RetrieveAcceptance.Packaging, mediaType: String) {
        let acceptance = RetrieveAcceptance(accept, allowsSingle: allowsSingle)
        guard let packaging = acceptance.packaging(for: [form]),
            let mediaType = acceptance.mediaType(for: form, packaging: packaging)
        else { throw RetrieveAcceptance.refusal([form]) }
        return (packaging, mediaType)
    }
}

/// The frames of an instance of the archive.
private struct ArchivedFrames: FrameSource {
    let instance: ArchivedInstance
    let location: String
    let retrieve: RetrieveService
    let principal: Principal

    var transferSyntax: TransferSyntax { instance.transferSyntax }

    func frame(_ number: Int, in request: TranscodingRequest?) async throws(ArchiveError) -> ByteStream {
        guard let request else { return try await retrieve.frame(number, of: instance, as: principal) }
        return try await retrieve.frame(number, of: instance, in: request, as: principal)
    }
}
