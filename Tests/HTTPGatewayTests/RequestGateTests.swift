import AccessControl
import ArchiveServices
import DICOMCore
import HTTPTypes
import HummingbirdCore
import Platform
import Testing

@testable import HTTPGateway

@Suite struct `Admitting a request` {
    private let gate = RequestGate(authenticator: .bearerTokens(BearerTokens(administratorToken: "secret")))

    @Test(arguments: [
        "/dicomweb/studies", "/nothing", "/", "/health", "/health/live/", "/%2e%2e", "/dicomweb/studies/x",
    ])
    func `without a token every path gets the same answer`(path: String) {
        let error = #expect(throws: RequestError.self) { try admit(path, headers: [:]) }

        #expect(error?.code == .unauthenticated)
        #expect(Problem(error ?? RequestError(.notFound, "")).response().headers[.wwwAuthenticate] == "Bearer")
    }

    @Test(arguments: ["Bearer wrong", "Bearer", "Basic secret", "secret", "Bearer  secret", "Bearer secret,"])
    func `anything but the token is refused`(authorization: String) {
        let error = #expect(throws: RequestError.self) {
            try admit("/dicomweb/studies", headers: [.authorization: authorization])
        }

        #expect(error?.code == .unauthenticated)
    }

    @Test func `the scheme is read in any case`() throws {
        let admission = try admit("/dicomweb/studies", headers: [.authorization: "bEARER secret"])

        #expect(admission == .caller(Principal(.administrator), .search(.studies)))
    }

    @Test func `two tokens are none`() {
        var headers: HTTPFields = [:]
        headers[values: .authorization] = ["Bearer secret", "Bearer secret"]

        #expect(throws: RequestError.self) { try admit("/dicomweb/studies", headers: headers) }
    }

    @Test(arguments: ["access_token=secret", "a=b&Access_Token=x", "token=secret"])
    func `a token in the query is refused, also beside a good one`(query: String) {
        let error = #expect(throws: RequestError.self) {
            try admit("/dicomweb/studies", query: query, headers: [.authorization: "Bearer secret"])
        }

        #expect(error?.code == .tokenInQuery)
    }

    @Test func `health needs no token`() throws {
        #expect(try admit("/health/live", headers: [:]) == .anyone(.live))
        #expect(try admit("/health/ready", headers: [:]) == .anyone(.ready))
    }

    @Test(arguments: [
        ("GET", "/api/projects", true), ("GET", "/api/projects/ONE", true), ("HEAD", "/api/projects/ONE", true),
        ("GET", "/api/projects/ONE/counts", true), ("GET", "/api/projects/ONE/summary", true),
        ("GET", "/projects/ONE/dicomweb/studies", true), ("GET", "/projects/ONE/dicomweb/studies/1.1", true),
        ("GET", "/api/exports", false), ("POST", "/api/exports", false),
        ("POST", "/api/projects", false), ("PATCH", "/api/projects/ONE", false),
        ("POST", "/api/projects/ONE/close", false), ("GET", "/api/projects/ONE/consents", false),
        ("POST", "/api/projects/ONE/consents", false), ("GET", "/api/projects/ONE/researchers", false),
        ("POST", "/api/projects/ONE/researchers", false), ("DELETE", "/api/projects/ONE/researchers/bob", false),
        ("POST", "/api/projects/ONE/pseudonyms", false), ("POST", "/api/projects/ONE/lookup", false),
        ("GET", "/dicomweb", false), ("OPTIONS", "/dicomweb", false), ("GET", "/dicomweb/studies", false),
        ("POST", "/dicomweb/studies", false), ("GET", "/dicomweb/series", false), ("GET", "/dicomweb/instances", false),
        ("GET", "/dicomweb/studies/1.1", false), ("DELETE", "/dicomweb/studies/1.1", false),
        ("GET", "/dicomweb/studies/1.1/metadata", false), ("GET", "/dicomweb/studies/1.1/rendered", false),
        ("GET", "/dicomweb/studies/1.1/thumbnail", false),
        ("GET", "/dicomweb/studies/1.1/series/1.2/instances/1.3/frames/1", false),
        ("GET", "/dicomweb/studies/1.1/series/1.2/instances/1.3/bulkdata/00880200", false),
        ("GET", "/metrics", false), ("GET", "/api/keys", false), ("POST", "/api/keys/rotation", false),
        ("POST", "/api/backups", false), ("POST", "/api/verification", false), ("GET", "/api/verification", false),
        ("GET", "/api/jobs", false), ("GET", "/api/tiers", false), ("POST", "/api/tiers/run", false),
        ("GET", "/api/stores", false), ("GET", "/api/labels", false), ("GET", "/api/holds", false),
        ("GET", "/api/studies/1.1/labels", false), ("POST", "/api/prefetch", false), ("GET", "/api/trash", false),
        ("DELETE", "/api/trash", false), ("POST", "/api/compaction", false), ("GET", "/api/shreddings", false),
    ])
    func `a researcher is let to the own project and to nothing else`(method: String, path: String, isLet: Bool) throws
    {
        let (text, token) = try #require(ResearchToken.make(random: SystemRandomSource()))
        let researcher = Principal(.researcher(name: "alice", project: RandomID(high: 1, low: 1)))
        let gate = RequestGate(
            authenticator: .bearerTokens(
                BearerTokens(administratorToken: "secret") { $0 == token ? researcher : nil }
            )
        )
        let verb = try #require(HTTPRequest.Method(rawValue: method))
        func admit(_ token: String) throws -> RequestGate.Admission {
            try gate.admit(verb, path: path, query: nil, headers: [.authorization: "Bearer " + token])
        }

        // Everything here is a resource: an administrator is let to it.
        _ = try admit("secret")
        if isLet {
            _ = try admit(text)
        } else {
            let error = #expect(throws: RequestError.self) { try admit(text) }
            #expect(error?.code == .denied && Problem(error ?? RequestError(.notFound, "")).status == .forbidden)
        }
    }

    @Test func `an open archive knows everybody as anyone`() throws {
        let gate = RequestGate(authenticator: .anyoneOnLoopback)

        let admission = try gate.admit(.get, path: "/dicomweb/series", query: nil, headers: [:])

        #expect(admission == .caller(Principal(.anyoneOnLoopback), .search(.series(study: nil))))
    }

    private func admit(
        _ path: String,
        query: String? = nil,
        headers: HTTPFields
    ) throws -> RequestGate.Admission {
        try gate.admit(.get, path: path, query: query, headers: headers)
    }
}

@Suite struct `Finding the route of a request` {
    @Test func `every resource of the table has its route`() throws {
        let study = try #require(UID("1.1"))
        let series = try #require(UID("1.2"))
        let resource = Route.InstanceResource(study: study, series: series, instance: try #require(UID("1.3")))
        let studyPath = "/dicomweb/studies/1.1"
        let instancePath = studyPath + "/series/1.2/instances/1.3"
        let seriesScope = RetrieveScope(studyInstanceUID: study, seriesInstanceUID: series)

        #expect(try route(.get, "/dicomweb/") == .capabilities)
        #expect(try route(.options, "/dicomweb") == .capabilities)
        #expect(try route(.get, "/dicomweb/instances") == .search(.instances(study: nil, series: nil)))
        #expect(try route(.post, "/dicomweb/studies") == .store(study: nil))
        #expect(try route(.post, studyPath) == .store(study: study))
        #expect(try route(.head, studyPath) == .retrieve(RetrieveScope(studyInstanceUID: study)))
        #expect(try route(.get, studyPath + "/metadata") == .metadata(RetrieveScope(studyInstanceUID: study)))
        #expect(try route(.get, studyPath + "/series") == .search(.series(study: study)))
        #expect(try route(.get, studyPath + "/instances") == .search(.instances(study: study, series: nil)))
        #expect(try route(.get, studyPath + "/series/1.2") == .retrieve(seriesScope))
        #expect(try route(.get, studyPath + "/series/1.2/metadata") == .metadata(seriesScope))
        #expect(try route(.get, instancePath) == .retrieve(resource.scope))
        #expect(try route(.get, instancePath + "/metadata") == .metadata(resource.scope))
        #expect(try route(.get, instancePath + "/frames/1,2") == .frames(resource, list: "1,2"))
        #expect(
            try route(.get, instancePath + "/bulkdata/00880200/1/7FE00010")
                == .bulkData(resource, path: "00880200/1/7FE00010")
        )
    }

    @Test(arguments: [
        "/dicomweb/studies/%2e%2e%2f%2e%2e/etc", "/dicomweb/studies/..", "/dicomweb//studies",
        "/dicomweb/studies/1.2%00",
        "/dicomweb/studies/1.2;x=y", "/dicomweb/studies/%C0%AE", "/dicomweb/studies/%zz", "/dicomweb/studies/%252e",
        "/dicomweb/studies/abc", "/dicomweb/studies/1..2", "relative", "",
    ])
    func `a path with anything else in it is refused`(path: String) {
        let error = #expect(throws: RequestError.self) { try route(.get, path) }

        #expect(error?.code == .badRequest)
    }

    @Test(arguments: [
        "/dicomweb/studies/1.2/painted", "/api", "/dicomweb/studies/1.2/series/1.3/instances/1.4/frames",
    ])
    func `an unknown resource is not found`(path: String) {
        let error = #expect(throws: RequestError.self) { try route(.get, path) }

        #expect(error?.code == .notFound)
    }

    @Test func `a wrong method is told with the right ones`() {
        let error = #expect(throws: RequestError.self) { try route(.put, "/dicomweb/studies/1.2") }

        #expect(error?.code == .methodNotAllowed)
        #expect(error?.available == ["GET", "POST", "DELETE"])
    }

    private func route(_ method: HTTPRequest.Method, _ path: String) throws -> Route {
        try Route(method, try RequestPath(path))
    }
}

@Suite struct `Reading a list of frames` {
    @Test func `frames come in the order asked for, each once`() throws {
        #expect(try FrameList.frameNumbers("3,1,3,2", limit: 3) == [3, 1, 2])
    }

    @Test(arguments: ["", "0", "-1", "1-", "1,", ",1", "1;2", "99999999999", "2147483648", "1e3", "+1", " 1"])
    func `anything but frame numbers is refused`(list: String) {
        #expect(throws: RequestError.self) { try FrameList.frameNumbers(list, limit: 10) }
    }

    @Test func `one frame more than the limit is refused, a million times the same one is not`() throws {
        #expect(throws: RequestError.self) { try FrameList.frameNumbers("1,2,3", limit: 2) }
        let same = Array(repeating: "1", count: 1_000_000).joined(separator: ",")
        #expect(try FrameList.frameNumbers(same, limit: 2) == [1])
    }
}
