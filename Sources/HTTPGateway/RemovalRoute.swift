package import ArchiveCatalog
package import DICOMCore
import HTTPTypes
package import Platform

/// What a request about deletion is about.
package enum RemovalRoute: Sendable, Hashable {
    /// Into the bin, answered without content, as DICOMweb clients expect.
    case deletePlainly(ArchiveScope)
    case delete(ArchiveScope)
    case preview(ArchiveScope)
    case bin
    case emptyBin
    case restore(RandomID)
    case end(RandomID)
    case compact
    case requests
    case confirm(RandomID)
    case withdraw(RandomID)
    case shredding(ShredRoute)

    typealias Candidate = (method: HTTPRequest.Method, route: RemovalRoute)

    /// The routes below `/api`; none for other paths.
    static func candidates(_ segments: [String]) throws(RequestError) -> [Candidate] {
        guard segments.first == "api" else { return [] }
        switch Array(segments.dropFirst()) {
        case ["trash"]: return [(.get, .bin), (.delete, .emptyBin)]
        case ["compaction"]: return [(.post, .compact)]
        case ["shreddings"]: return [(.get, .shredding(.shreddings))]
        case ["shreddings", "epoch"]: return [(.post, .shredding(.endEpoch))]
        case ["removal-requests"]: return [(.get, .requests)]
        default: break
        }
        switch (segments[1...].first, segments.count) {
        case ("trash", 3): return [(.delete, .end(try id(segments[2])))]
        case ("trash", 4) where segments[3] == "restore": return [(.post, .restore(try id(segments[2])))]
        case ("removal-requests", 3): return [(.delete, .withdraw(try id(segments[2])))]
        case ("removal-requests", 4) where segments[3] == "confirm": return [(.post, .confirm(try id(segments[2])))]
        case ("shreddings", 3): return [(.get, .shredding(.shredding(try id(segments[2]))))]
        case ("studies", 4) where segments[3] == "shred": return [(.post, .shredding(.shred(try uid(segments[2]))))]
        case ("studies", 3...):
            var rest = Array(segments.dropFirst(2))
            let isPreview = rest.last == "deletion"
            if isPreview { rest.removeLast() }
            guard let scope = try scope(rest) else { return [] }
            return isPreview ? [(.get, .preview(scope))] : [(.delete, .delete(scope))]
        default: return []
        }
    }

    /// `S`, `S/series/E` or `S/series/E/instances/I`; `nil` for other paths.
    private static func scope(_ segments: [String]) throws(RequestError) -> ArchiveScope? {
        switch segments.count {
        case 1: return ArchiveScope(studyInstanceUID: try uid(segments[0]))
        case 3 where segments[1] == "series":
            return ArchiveScope(studyInstanceUID: try uid(segments[0]), seriesInstanceUID: try uid(segments[2]))
        case 5 where segments[1] == "series" && segments[3] == "instances":
            return ArchiveScope(
                studyInstanceUID: try uid(segments[0]),
                seriesInstanceUID: try uid(segments[2]),
                sopInstanceUID: try uid(segments[4])
            )
        default: return nil
        }
    }

    private static func id(_ text: String) throws(RequestError) -> RandomID {
        guard let id = RandomID(hex: text) else { throw RequestError(.badRequest, "An id has 32 hexadecimal digits") }
        return id
    }

    private static func uid(_ text: String) throws(RequestError) -> UID {
        guard let uid = UID(text) else { throw RequestError(.badRequest, "A segment of the path is no UID") }
        return uid
    }
}

/// What a request about shredding is about.
package enum ShredRoute: Sendable, Hashable {
    case shred(UID)
    case shreddings
    case shredding(RandomID)
    case endEpoch
}
