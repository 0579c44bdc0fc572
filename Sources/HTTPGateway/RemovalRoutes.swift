import AccessControl
import ArchiveCatalog
import ArchiveServices
import DICOMCore
import HTTPTypes
import Hummingbird
import NIOCore

/// Deletion, the bin, and what waits for a second administrator.
struct RemovalRoutes: Sendable {
    let removal: RemovalService
    let shredder: ShredService

    func answer(_ route: RemovalRoute, _ items: QueryItems, as principal: Principal) async throws -> Response {
        switch route {
        case .deletePlainly(let scope):
            guard case .awaitsConfirmation(let request) = try await delete(scope, items, principal) else {
                return Response(status: .noContent)
            }
            return Self.json(RemovalJSON.request(request), .accepted)
        case .delete(let scope):
            switch try await delete(scope, items, principal) {
            case .deleted(let entry): return Self.json(RemovalJSON.entry(entry))
            case .awaitsConfirmation(let request): return Self.json(RemovalJSON.request(request), .accepted)
            }
        case .preview(let scope): return Self.json(RemovalJSON.preview(try await removal.preview(scope, as: principal)))
        case .bin: return Self.json(RemovalJSON.bin(try await removal.bin(limit: 10_000, as: principal)))
        case .emptyBin:
            let age = try Self.age(items)
            return Self.json(RemovalJSON.ended(try await removal.emptyBin(olderThan: age, as: principal)))
        case .restore(let id):
            let deletion = try await removal.restore(id, as: principal)
            return Self.json(RemovalJSON.ended([deletion]))
        case .end(let id):
            return Self.json(RemovalJSON.ended([try await removal.end(id, as: principal)]))
        case .compact:
            guard items.values(of: "dry-run").isEmpty else {
                let forecast = try await removal.compactionForecast(everything: true, as: principal)
                return Self.json(RemovalJSON.forecast(forecast))
            }
            return Self.json(RemovalJSON.compaction(try await removal.compact(as: principal)))
        case .requests: return Self.json(RemovalJSON.requests(try await removal.requests(as: principal)))
        case .confirm(let id): return Self.json(RemovalJSON.entry(try await removal.confirm(id, as: principal)))
        case .withdraw(let id):
            try await removal.withdraw(id, as: principal)
            return Response(status: .noContent)
        case .shredding(let route): return try await answer(route, items, as: principal)
        }
    }

    private func answer(
        _ route: ShredRoute,
        _ items: QueryItems,
        as principal: Principal
    ) async throws -> Response {
        switch route {
        case .shred(let study):
            let reason = items.values(of: "reason").first ?? ""
            let shredding = try await shredder.shred(study, reason: reason, as: principal)
            return Self.json(RemovalJSON.shredding(shredding), .accepted)
        case .shreddings: return Self.json(RemovalJSON.shreddings(try await shredder.shreddings(as: principal)))
        case .shredding(let id):
            return Self.json(RemovalJSON.shredding(try await shredder.shredding(id, as: principal)))
        case .endEpoch:
            let rootKey = Self.rootKey(items)
            return Self.json(RemovalJSON.shreddings(try await shredder.endEpoch(rootKey, as: principal)))
        }
    }

    private func delete(
        _ scope: ArchiveScope,
        _ items: QueryItems,
        _ principal: Principal
    ) async throws -> DeletionOutcome {
        try await removal.delete(scope, reason: items.values(of: "reason").first ?? "", as: principal)
    }

    private static func rootKey(_ items: QueryItems) -> RootKeyWish {
        guard items.values(of: "renew-root-key").first == "true" else { return .keep }
        return .renew(withoutEscrow: items.values(of: "without-escrow").first == "true")
    }

    /// `older-than` in seconds; without it everything.
    private static func age(_ items: QueryItems) throws(RequestError) -> Duration {
        guard let text = items.values(of: "older-than").first else { return .zero }
        guard let seconds = Int64(text), seconds >= 0 else {
            throw RequestError(.badRequest, "older-than is a number of seconds")
        }
        return .seconds(seconds)
    }

    private static func json(_ body: ByteBuffer, _ status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: body)
        )
    }
}
