import ArchiveCatalog
import ArchiveServices
import DICOMCore
import Testing

@testable import HTTPGateway

@Suite struct `Reading a search` {
    @Test func `keys are keywords or tags`() throws {
        let byKeyword = try search("PatientID=A1&StudyDate=20260101-20260131")
        let byTag = try search("00100020=A1&00080020=20260101-20260131")

        #expect(byKeyword.query == byTag.query)
        #expect(byKeyword.query.conditions.map(\.subject.tag) == [.patientID, .studyDate])
        #expect(
            byKeyword.query.conditions.map(\.matching) == [.values(["A1"]), .range(from: "20260101", to: "20260131")]
        )
        #expect(byKeyword.warnings.isEmpty)
    }

    @Test func `values are decoded once`() throws {
        #expect(try matching("PatientID=%2541") == .values(["%41"]))
        #expect(try matching("PatientID=a+b%2Bc") == .values(["a b+c"]))
        #expect(try matching("PatientID=%C3%A4") == .values(["ä"]))
    }

    @Test(arguments: ["PatientID=%", "PatientID=%4", "PatientID=%zz", "PatientID=%FF", "PatientID=%00"])
    func `broken encodings are refused`(query: String) {
        #expect(throws: RequestError.self) { try search(query) }
    }

    @Test(arguments: [
        "StudyInstanceUID=1.2,1.3", "StudyInstanceUID=1.2%5C1.3", "StudyInstanceUID=1.2&StudyInstanceUID=1.3",
    ])
    func `lists of UIDs are read in all their forms`(query: String) throws {
        #expect(try matching(query) == .values(["1.2", "1.3"]))
    }

    @Test func `an empty value asks for nothing but the attribute`() throws {
        let request = try search("InstitutionName=", of: .series(study: nil))

        #expect(request.query.conditions.isEmpty)
        #expect(request.query.attributes.contains(.institutionName))
    }

    @Test(arguments: ["NoSuchKeyword=1", "patientid=1", "0010002=1", "includefield=Nonsense"])
    func `a key that no dictionary has is refused`(query: String) {
        let error = #expect(throws: RequestError.self) { try search(query) }

        #expect(error?.code == .badRequest)
    }

    @Test func `a known key without index is not matched, and that is said`() throws {
        let request = try search("EthnicGroup=X&RequestAttributesSequence.RequestedProcedureID=1")

        #expect(request.query.conditions.isEmpty)
        #expect(request.warnings.count == 2)
    }

    @Test func `an instance attribute does not come into a study's answer`() throws {
        let request = try search("includefield=Rows,00081030")

        #expect(!request.query.attributes.contains(.rows))
        #expect(request.query.attributes.contains(.studyDescription))
        #expect(request.warnings.count == 1)
    }

    @Test func `all attributes are asked for by all`() throws {
        #expect(try search("includefield=all").query.wantsAllAttributes)
        #expect(try !search("includefield=PatientID").query.wantsAllAttributes)
    }

    @Test func `one answer more than wanted is asked for, to know whether there are more`() throws {
        #expect(try search("limit=5&offset=10").query.limit == 6)
        #expect(try search("limit=5&offset=10").query.offset == 10)
        #expect(try search("").limit == 100)
        #expect(try search("limit=100").limit == 100)
        #expect(try search("limit=101").limit == 100)
    }

    @Test(arguments: [
        "limit=-1", "limit=1e3", "limit=", "offset=9223372036854775808", "offset=+1", "fuzzymatching=maybe",
    ])
    func `numbers and switches that are none are refused`(query: String) {
        #expect(throws: RequestError.self) { try search(query) }
    }

    @Test func `fuzzy matching is not done, and that is said`() throws {
        #expect(try search("fuzzymatching=true").warnings.count == 1)
        #expect(try search("fuzzymatching=false").warnings.isEmpty)
    }

    @Test func `bad values are told with their tag`() {
        #expect(throws: MatchingError(.badRange, .studyDate)) { try search("StudyDate=20260230") }
        #expect(throws: MatchingError(.badUID, .studyInstanceUID)) { try search("StudyInstanceUID=../x") }
    }

    @Test func `the path is a condition like the keys`() throws {
        let study = try #require(UID("1.2.3"))
        let series = try #require(UID("1.2.4"))

        let request = try search("InstanceNumber=1", of: .instances(study: study, series: series))

        #expect(request.query.level == .instance)
        #expect(
            request.query.conditions.map(\.subject.tag) == [.studyInstanceUID, .seriesInstanceUID, .instanceNumber]
        )
    }

    // PS3.18 table 10.6.3-3.
    @Test func `a study's answer has what the standard requires`() throws {
        let required: Set<DICOMCore.Tag> = [
            .studyDate, .studyTime, .accessionNumber, .modalitiesInStudy, .referringPhysicianName, .patientName,
            .patientID, .patientBirthDate, .patientSex, .studyInstanceUID, .studyID, .numberOfStudyRelatedSeries,
            .numberOfStudyRelatedInstances,
        ]

        #expect(try required.isSubset(of: search("").query.attributes))
    }

    @Test func `an answer carries its address and every required attribute`() throws {
        let links = Links(configuration: HTTPGatewayConfiguration(publicURL: "https://archive.example"))
        let answer = SearchAnswer(
            level: .study,
            requiredAttributes: SearchResource.studies.requiredAttributes,
            base: links.service
        )

        let dataSet = answer.dataSet(DataSet([.uid(.studyInstanceUID, try #require(UID("1.2.3")))]))

        #expect(dataSet.string(.retrieveURL) == "https://archive.example/dicomweb/studies/1.2.3")
        #expect(dataSet.string(.instanceAvailability) == "ONLINE")
        #expect(dataSet[.patientName] == .empty(.patientName, .pn))
    }

    @Test func `a series' request attributes stand in their sequence`() throws {
        let links = Links(configuration: HTTPGatewayConfiguration())
        let answer = SearchAnswer(level: .series, requiredAttributes: [], base: links.service)

        let dataSet = answer.dataSet(DataSet([.text(.requestedProcedureID, .sh, "P1")]))

        #expect(dataSet[.requestedProcedureID] == nil)
        #expect(dataSet.items(.requestAttributesSequence).first?.string(.requestedProcedureID) == "P1")
    }

    private func search(_ query: String, of resource: SearchResource = .studies) throws -> SearchRequest {
        var limits = HTTPLimits()
        limits.resultCount = 100
        return try SearchRequest(resource, try QueryItems(query), limits: limits)
    }

    private func matching(_ query: String) throws -> Matching? {
        try search(query).query.conditions.first?.matching
    }
}
