import AccessControl
import ArchiveCatalog
import ArchiveServices
import DICOMCore
import Foundation
import HTTPGateway
import NIOCore
import NIOHTTP1
import Platform

/// An answer as JSON, for `--json`, and as what it says.
struct RemovalAnswer<Value: Decodable> {
    let json: String
    let value: Value

    init(_ body: ByteBuffer) throws {
        json = String(buffer: body)
        value = try JSONDecoder().decode(Value.self, from: Data(body.readableBytesView))
    }
}

/// Deletion in an archive that is open here, or through the server that has it open: the same answers.
struct RemovalAccess {
    private let access: ArchiveAccess
    private let operatorHere = Principal(.administrator)

    init(_ access: ArchiveAccess) {
        self.access = access
    }

    func preview(_ scope: ArchiveScope) async throws -> RemovalAnswer<DeletionPreviewSummary> {
        try await answer(.GET, Self.path(scope) + "/deletion") { archive in
            RemovalJSON.preview(try await archive.removal.preview(scope, as: operatorHere))
        }
    }

    func delete(_ scope: ArchiveScope, reason: String) async throws -> RemovalAnswer<DeletionSummary> {
        let query = reason.isEmpty ? "" : "?reason=" + Self.escaped(reason)
        return try await answer(.DELETE, Self.path(scope) + query) { archive in
            switch try await archive.removal.delete(scope, reason: reason, as: operatorHere) {
            case .deleted(let entry): RemovalJSON.entry(entry)
            case .awaitsConfirmation(let request): RemovalJSON.request(request)
            }
        }
    }

    func bin() async throws -> RemovalAnswer<[DeletionSummary]> {
        try await answer(.GET, "/api/trash") { archive in
            RemovalJSON.bin(try await archive.removal.bin(limit: 10_000, as: operatorHere))
        }
    }

    func restore(_ id: RandomID) async throws -> RemovalAnswer<EndedSummary> {
        try await answer(.POST, "/api/trash/\(id.hex)/restore") { archive in
            RemovalJSON.ended([try await archive.removal.restore(id, as: operatorHere)])
        }
    }

    func end(_ id: RandomID) async throws -> RemovalAnswer<EndedSummary> {
        try await answer(.DELETE, "/api/trash/\(id.hex)") { archive in
            RemovalJSON.ended([try await archive.removal.end(id, as: operatorHere)])
        }
    }

    func emptyBin(olderThan age: Duration) async throws -> RemovalAnswer<EndedSummary> {
        try await answer(.DELETE, "/api/trash?older-than=\(age.components.seconds)") { archive in
            RemovalJSON.ended(try await archive.removal.emptyBin(olderThan: age, as: operatorHere))
        }
    }

    func requests() async throws -> RemovalAnswer<[RequestSummary]> {
        try await answer(.GET, "/api/removal-requests") { archive in
            RemovalJSON.requests(try await archive.removal.requests(as: operatorHere))
        }
    }

    func confirm(_ id: RandomID) async throws -> RemovalAnswer<DeletionSummary> {
        try await answer(.POST, "/api/removal-requests/\(id.hex)/confirm") { archive in
            RemovalJSON.entry(try await archive.removal.confirm(id, as: operatorHere))
        }
    }

    func withdraw(_ id: RandomID) async throws {
        switch access {
        case .local(let open, _): try await open.archive.removal.withdraw(id, as: operatorHere)
        case .remote(let remote): _ = try await remote.answer(.DELETE, "/api/removal-requests/\(id.hex)")
        }
    }

    func compact() async throws -> RemovalAnswer<CompactionSummary> {
        try await answer(.POST, "/api/compaction") { archive in
            RemovalJSON.compaction(try await archive.removal.compact(as: operatorHere))
        }
    }

    func compactionForecast() async throws -> RemovalAnswer<CompactionForecastSummary> {
        try await answer(.POST, "/api/compaction?dry-run=1") { archive in
            RemovalJSON.forecast(try await archive.removal.compactionForecast(everything: true, as: operatorHere))
        }
    }

    func shred(_ study: UID, reason: String) async throws -> RemovalAnswer<ShreddingSummary> {
        let query = reason.isEmpty ? "" : "?reason=" + Self.escaped(reason)
        return try await answer(.POST, "/api/studies/\(study.string)/shred" + query) { archive in
            RemovalJSON.shredding(try await archive.shredder.shred(study, reason: reason, as: operatorHere))
        }
    }

    func shreddings() async throws -> RemovalAnswer<[ShreddingSummary]> {
        try await answer(.GET, "/api/shreddings") { archive in
            RemovalJSON.shreddings(try await archive.shredder.shreddings(as: operatorHere))
        }
    }

    func endEpoch(_ rootKey: RootKeyWish) async throws -> RemovalAnswer<[ShreddingSummary]> {
        var query = ""
        if case .renew(let withoutEscrow) = rootKey {
            query = "?renew-root-key=true" + (withoutEscrow ? "&without-escrow=true" : "")
        }
        return try await answer(.POST, "/api/shreddings/epoch" + query) { archive in
            RemovalJSON.shreddings(try await archive.shredder.endEpoch(rootKey, as: operatorHere))
        }
    }

    private func answer<Value: Decodable>(
        _ method: HTTPMethod,
        _ path: String,
        _ here: (Archive) async throws -> ByteBuffer
    ) async throws -> RemovalAnswer<Value> {
        switch access {
        case .local(let open, _): try RemovalAnswer(try await here(open.archive))
        case .remote(let remote): try RemovalAnswer(try await remote.answer(method, path))
        }
    }

    private static func path(_ scope: ArchiveScope) -> String {
        "/api/studies/" + scope.studyInstanceUID.string
            + (scope.seriesInstanceUID.map { "/series/" + $0.string } ?? "")
            + (scope.sopInstanceUID.map { "/instances/" + $0.string } ?? "")
    }

    /// Everything but letters and digits escaped.
    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            let digits = String(byte, radix: 16, uppercase: true)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (digits.count == 1 ? "0" : "") + digits
        }.joined()
    }
}

/// What a deletion would take, as it travels.
struct DeletionPreviewSummary: Decodable {
    struct Hold: Decodable {
        let kind: String
        let reason: String
        let owner: String
    }

    let instances: Int
    let series: Int
    let bytes: UInt64
    let needsConfirmation: Bool
    let restorableUntil: String
    let hold: Hold?
}

/// A deletion, or a request for one, as it travels.
struct DeletionSummary: Decodable {
    let id: String
    let studyInstanceUID: String
    let seriesInstanceUID: String?
    let sopInstanceUID: String?
    let instances: Int
    let bytes: UInt64
    let deletedAt: String?
    let deletedBy: String?
    let reason: String
    let restorableUntil: String?

    /// One line for people.
    var line: String {
        let names = [studyInstanceUID, seriesInstanceUID, sopInstanceUID].compactMap { $0 }.joined(separator: " ")
        let why = reason.isEmpty ? "" : ": " + Console.shown(reason)
        return "\(id)  \(instances) instances, \(ByteCount.text(bytes))  until \(restorableUntil ?? "-")  \(names)  "
            + "by \(Console.shown(deletedBy ?? "-"))\(why)"
    }
}

/// A request that waits, as it travels.
struct RequestSummary: Decodable {
    let id: String
    let action: String
    let studyInstanceUID: String
    let instances: Int
    let bytes: UInt64
    let requestedBy: String
    let expiresAt: String

    /// One line for people.
    var line: String {
        "\(id)  \(action) \(instances) instances, \(ByteCount.text(bytes)) of \(studyInstanceUID)  "
            + "asked by \(Console.shown(requestedBy)), void \(expiresAt)"
    }
}

/// How much left the bin, as it travels.
struct EndedSummary: Decodable {
    let deletions: Int
    let instances: Int
    let bytes: UInt64
}

/// What a compaction did, as it travels.
struct CompactionSummary: Decodable {
    let rewritten: Int
    let removed: Int
    let deadBytes: UInt64
    let failures: Int
}

/// What a compaction would do, as it travels.
struct CompactionForecastSummary: Decodable {
    let deadPacks: Int
    let deadBytes: UInt64
    let scatteredStudies: Int
    let smallPacks: Int
    let superseded: Int
    let held: Int
}

/// A shredding, as it travels.
struct ShreddingSummary: Decodable {
    let id: String
    let state: String
    let isComplete: Bool
    let instances: Int
    let packs: Int
    let requestedAt: String
    let certificate: String

    /// One line for people.
    var line: String {
        "\(id)  \(isComplete ? "complete" : state)  \(instances) instances, \(packs) packs  asked \(requestedAt)"
    }
}

/// Bytes for people.
enum ByteCount {
    static func text(_ bytes: UInt64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = bytes
        var unit = 0
        var rest: UInt64 = 0
        while value >= 1_024, unit < units.count - 1 {
            rest = value % 1_024
            value /= 1_024
            unit += 1
        }
        return unit == 0 ? "\(value) B" : "\(value).\(rest * 10 / 1_024) \(units[unit])"
    }
}
