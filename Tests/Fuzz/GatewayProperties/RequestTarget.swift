import ArchiveCatalog
import ArchiveServices
import DICOMCoding
import DICOMCore
public import FuzzProperties
import HTTPGateway
import HTTPTypes
public import NIOCore

/// Targets of HTTP requests: paths, searches, lists of frames (PS3.18 8.3.4 and 10).
public enum RequestTarget: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "Request"

    private static let methods: [HTTPRequest.Method] = [.get, .post, .head, .options, .delete, .put]
    private static let resultLimit = HTTPLimits().resultCount
    private static let frameLimit = 100

    /// The first byte chooses the method, the rest is the target: a path, and behind `?` a query.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) {
        var bytes = input
        let method = methods[Int(bytes.takeChoice()) % methods.count]
        let text = String(decoding: bytes.readableBytesView, as: UTF8.self)
        let halves = text.utf8.split(separator: 0x3F, maxSplits: 1, omittingEmptySubsequences: false)
        guard let raw = halves.first, let path = requestPath(String(Substring(raw))) else { return }
        try checkPath(path)
        guard let route = route(method, path) else { return }
        switch route {
        case .search(let resource):
            try checkSearch(resource, query: halves.count == 2 ? String(Substring(halves[1])) : nil)
        case .frames(_, let list), .renderedFrames(_, let list), .thumbnail(_, let list?): try checkFrames(list)
        case .bulkData(_, let path):
            if let place = BulkPath(path) {
                try require(BulkPath(place.description) == place, "\(place) is not read back from its text")
            }
        case .retrieve(let scope), .metadata(let scope), .rendered(let scope), .thumbnail(let scope, nil):
            try require(path.segments.contains(scope.studyInstanceUID.string), "the study is not that of the path")
        case .capabilities, .verification, .lifecycle, .removal, .keys, .backup, .export, .metrics, .store, .projects,
            .projectView:
            break
        }
    }

    private static func requestPath(_ text: String) -> RequestPath? {
        do throws(RequestError) {
            return try RequestPath(text)
        } catch {
            return nil
        }
    }

    private static func route(_ method: HTTPRequest.Method, _ path: RequestPath) -> Route? {
        do throws(RequestError) {
            return try Route(method, path)
        } catch {
            return nil
        }
    }

    /// What is left of a path is harmless, and reading it once more changes nothing.
    private static func checkPath(_ path: RequestPath) throws(PropertyViolation) {
        for segment in path.segments {
            try require(
                !segment.isEmpty && segment != "." && segment != ".."
                    && segment.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x25 && $0 != 0x2F && $0 != 0x5C },
                "the path holds the segment \(segment)"
            )
        }
        let again = requestPath("/" + path.segments.joined(separator: "/"))
        try require(again == path, "\(path.segments) is read as another path the second time")
    }

    private static func checkFrames(_ list: String) throws(PropertyViolation) {
        let numbers: [Int]
        do throws(RequestError) {
            numbers = try FrameList.frameNumbers(list, limit: frameLimit)
        } catch {
            return
        }
        try require(
            (1...frameLimit).contains(numbers.count) && numbers.allSatisfy { $0 > 0 }
                && Set(numbers).count == numbers.count,
            "the frames are \(numbers)"
        )
    }

    /// A search asks within its path and within its limits, whatever stands in the query.
    private static func checkSearch(_ resource: SearchResource, query: String?) throws(PropertyViolation) {
        let search: SearchRequest
        do {
            search = try SearchRequest(resource, try QueryItems(query), limits: HTTPLimits())
        } catch {
            return
        }
        try require(
            (0...resultLimit).contains(search.limit) && search.query.limit == search.limit + 1,
            "\(search.limit) answers of \(String(describing: search.query.limit))"
        )
        try require(search.query.offset >= 0, "the offset is \(search.query.offset)")
        try require(search.warnings.count <= 16, "\(search.warnings.count) warnings")
        try require(
            search.query.attributes.isSuperset(of: search.requiredAttributes),
            "an attribute that each answer must have is not asked for"
        )
        for (tag, uid) in places(of: resource) {
            let condition = MatchingCondition.Subject(tag: tag).map { MatchingCondition($0, .values([uid.string])) }
            try require(
                condition.map { search.query.conditions.contains($0) } ?? false,
                "the search is not kept within \(tag) \(uid)"
            )
        }
    }

    private static func places(of resource: SearchResource) -> [(tag: Tag, uid: UID)] {
        switch resource {
        case .studies, .series(study: nil): []
        case .series(.some(let study)): [(.studyInstanceUID, study)]
        case .instances(let study, let series):
            (study.map { [(.studyInstanceUID, $0)] } ?? []) + (series.map { [(.seriesInstanceUID, $0)] } ?? [])
        }
    }
}
