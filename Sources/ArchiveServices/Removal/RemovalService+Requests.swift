public import AccessControl
public import ArchiveCatalog
import Logging
public import Platform

extension RemovalService {
    /// The removals that wait for a second administrator.
    public func requests(as principal: Principal) async throws(ArchiveError) -> [RemovalRequest] {
        try authorize(.delete, principal)
        let now = clock.now()
        return try await mappingRegistry { () async throws(RegistryError) in
            try await registry.removalRequests().filter { now < $0.expiresAt }
        }
    }

    /// Carries out what another administrator asked for.
    ///
    /// - Throws: `.notFound` when there is no such request or its time is over; `.denied` for who asked; `.conflict`
    ///   under a hold, or when the study grew meanwhile: then it must be asked for again.
    public func confirm(_ id: RandomID, as principal: Principal) async throws(ArchiveError) -> BinEntry {
        let request = try await waiting(id, principal)
        guard request.action == .delete else {
            throw ArchiveError(.badRequest, "The request is about shredding: confirm it with `cassette keys shred`")
        }
        let study = request.scope.studyInstanceUID
        await studies.enter(study)
        defer { studies.leave(study) }
        let found = try await instances(in: request.scope)
        try refuse(try await holds.isHeld(study))
        guard found.count <= request.instanceCount else {
            throw ArchiveError(.conflict, "More has been stored since it was asked for: withdraw it and ask again")
        }
        try await take(request)
        return try await moveIntoBin(
            request.scope,
            found,
            reason: request.reason,
            by: request.requestedBy + ", " + principal.name
        )
    }

    /// Withdraws a request.
    public func withdraw(_ id: RandomID, as principal: Principal) async throws(ArchiveError) {
        try authorize(.delete, principal)
        let isThere = try await mappingRegistry { () async throws(RegistryError) in
            try await registry.takeRemovalRequest(id)
        }
        guard isThere else { throw ArchiveError(.notFound, "There is no such request") }
    }

    /// Writes a request down.
    func ask(
        _ action: RemovalRequest.Action,
        _ preview: DeletionPreview,
        _ reason: String,
        _ principal: Principal
    ) async throws(ArchiveError) -> RemovalRequest {
        let now = clock.now()
        let request = RemovalRequest(
            id: RandomID(random: random),
            action: action,
            scope: preview.scope,
            reason: String(decoding: reason.utf8.prefix(200), as: UTF8.self),
            requestedBy: principal.name,
            requestedAt: now,
            expiresAt: now.advanced(by: configuration.confirmationTime),
            instanceCount: preview.instanceCount,
            payloadBytes: preview.payloadBytes
        )
        try await mappingRegistry { () async throws(RegistryError) in try await registry.save(request) }
        logger.notice(
            "a removal waits for a second administrator",
            metadata: [LogKeys.count: "\(preview.instanceCount)", LogKeys.reason: "\(action.rawValue)"]
        )
        return request
    }

    /// A request that this principal may confirm.
    func waiting(_ id: RandomID, _ principal: Principal) async throws(ArchiveError) -> RemovalRequest {
        try authorize(.delete, principal)
        let found = try await mappingRegistry { () async throws(RegistryError) in
            try await registry.removalRequest(id)
        }
        guard let found, clock.now() < found.expiresAt else {
            throw ArchiveError(.notFound, "There is no such request, or its time is over")
        }
        guard found.requestedBy != principal.name else {
            throw ArchiveError(.denied, "Who asked for a removal cannot confirm it: another administrator must")
        }
        return found
    }

    /// Takes a request out, so that it is carried out once.
    func take(_ request: RemovalRequest) async throws(ArchiveError) {
        let isMine = try await mappingRegistry { () async throws(RegistryError) in
            try await registry.takeRemovalRequest(request.id)
        }
        guard isMine else { throw ArchiveError(.notFound, "The request was carried out or withdrawn") }
    }

    func mappingRegistry<Answer>(
        _ question: () async throws(RegistryError) -> Answer
    ) async throws(ArchiveError) -> Answer {
        do throws(RegistryError) {
            return try await question()
        } catch {
            throw ArchiveError(error)
        }
    }
}
