public import AccessControl
import ArchiveCatalog
public import DICOMCore
import NIOCore

/// Answers what is stored, for every door alike.
public final class QueryService: Sendable {
    private let policy: AccessPolicy
    private let catalog: any Catalog
    private let headers: HeaderReader

    init(policy: AccessPolicy, catalog: any Catalog, headers: HeaderReader) {
        self.policy = policy
        self.catalog = catalog
        self.headers = headers
    }

    /// The answers in the catalog's order, each with those of the wanted attributes that the archive has.
    ///
    /// Text is in UTF-8 whatever the stored object had; Specific Character Set says so where it matters. An attribute
    /// without a column is read from the header of the instance, or of the defining instance of a series or study.
    ///
    /// - Throws: `.denied`, `.badRequest`, `.unavailable`.
    public func find(_ query: ArchiveQuery, as principal: Principal) async throws(ArchiveError) -> [DataSet] {
        guard policy.allows(.search, for: principal) else {
            throw ArchiveError(.denied, "This caller may not search")
        }
        let needsHeader = Self.needsHeaders(query)
        let question = CatalogQuery(
            level: query.level,
            conditions: query.conditions,
            limit: query.limit,
            offset: query.offset,
            includesHeader: needsHeader
        )
        let rows: [CatalogRow]
        do throws(CatalogError) {
            rows = try await catalog.find(question)
        } catch {
            throw ArchiveError(error)
        }
        var answers: [DataSet] = []
        answers.reserveCapacity(rows.count)
        for row in rows {
            answers.append(try answer(row, query))
        }
        return answers
    }

    /// Whether answers take the headers of instances: such answers are large, and should be asked for page by page.
    public static func needsHeaders(_ query: ArchiveQuery) -> Bool {
        query.wantsAllAttributes || query.attributes.contains { !isInCatalog($0) }
    }

    private static func isInCatalog(_ tag: Tag) -> Bool {
        CatalogAttribute.forTag(tag) != nil || DerivedAttribute.forTag(tag) != nil
    }

    private func answer(_ row: CatalogRow, _ query: ArchiveQuery) throws(ArchiveError) -> DataSet {
        var answer = DataSet()
        if let sealed = row.header {
            let header = try headers.dataSet(sealed).inUTF8
            for element in header.elements where query.wantsAllAttributes || query.attributes.contains(element.tag) {
                if case .bulk = element.value { continue }
                // Attributes of the levels below the answer's say something about one instance only.
                if let attribute = CatalogAttribute.forTag(element.tag), attribute.level > query.level { continue }
                answer.set(element.detached)
            }
        }
        for attribute in CatalogAttribute.all
        where attribute.level <= query.level && (query.wantsAllAttributes || query.attributes.contains(attribute.tag)) {
            // The column has what all instances of the record share; the header belongs to one of them.
            if let text = row.values[attribute] { answer.set(Self.element(attribute, text)) }
        }
        for derived in DerivedAttribute.allCases
        where query.wantsAllAttributes || query.attributes.contains(derived.tag) {
            if let text = row.derived[derived] {
                answer.set(.text(derived.tag, derived.vr, text.split(separator: "\\").map(String.init)))
            }
        }
        answer.declareUTF8IfNeeded()
        return answer
    }

    private static func element(_ attribute: CatalogAttribute, _ text: String) -> DataElement {
        let vr = DataElementDictionary.vr(of: attribute.tag) ?? .lo
        let values = text.split(separator: "\\", omittingEmptySubsequences: false).map(String.init)
        guard vr == .us else { return .text(attribute.tag, vr, values) }
        var bytes = ByteBuffer()
        for value in values.compactMap({ UInt16($0) }) { bytes.writeInteger(value, endianness: .little) }
        return DataElement(tag: attribute.tag, vr: .us, value: .bytes(bytes))
    }
}

extension DerivedAttribute {
    static func forTag(_ tag: Tag) -> DerivedAttribute? {
        allCases.first { $0.tag == tag }
    }

    var vr: VR {
        switch self {
        case .modalitiesInStudy: .cs
        case .sopClassesInStudy: .ui
        case .numberOfPatientRelatedStudies, .numberOfPatientRelatedSeries, .numberOfPatientRelatedInstances,
            .numberOfStudyRelatedSeries, .numberOfStudyRelatedInstances, .numberOfSeriesRelatedInstances:
            .is
        }
    }
}

extension ArchiveError {
    /// A catalog's failure as a service tells it.
    init(_ error: CatalogError) {
        switch error.code {
        case .damaged: self.init(.damaged, error.description)
        case .noSpace: self.init(.noSpace, error.description)
        case .timedOut:
            self.init(.badRequest, "The query took too long: give more keys, or a limit (\(error.advice))")
        case .cannotOpen, .failed: self.init(.unavailable, error.description)
        }
    }
}
