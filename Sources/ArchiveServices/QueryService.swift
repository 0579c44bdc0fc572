public import AccessControl
import ArchiveCatalog
import DICOMCoding
public import DICOMCore
import NIOCore

/// Answers what is stored, for every door alike.
public final class QueryService: Sendable {
    private let policy: AccessPolicy
    let catalog: CurrentCatalog
    let recalls: RecallService
    private let headers: HeaderReader

    init(policy: AccessPolicy, catalog: CurrentCatalog, headers: HeaderReader, recalls: RecallService) {
        self.recalls = recalls
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
        var page = try await page(query, as: principal)
        var answers = page.answers
        var rest = query
        while page.isCut {
            rest.after = page.end
            rest.limit = query.limit.map { $0 - answers.count }
            page = try await self.page(rest, as: principal)
            answers += page.answers
        }
        return answers
    }

    /// The answers like ``find(_:as:)``, and where they end, for a query that goes on from there.
    ///
    /// Memory is bounded also where answers take the headers of instances: the page ends when these get large
    /// (``AnswerPage/isCut``).
    public func page(_ query: ArchiveQuery, as principal: Principal) async throws(ArchiveError) -> AnswerPage {
        guard policy.allows(.search, for: principal) else {
            throw ArchiveError(.denied, "This caller may not search")
        }
        let needsHeader = Self.needsHeaders(query)
        var question = CatalogQuery(
            level: query.level,
            conditions: query.conditions,
            limit: query.limit,
            offset: query.offset,
            includesHeader: needsHeader
        )
        question.after = query.after
        let rows: [CatalogRow]
        do throws(CatalogError) {
            rows = try await catalog.find(question)
        } catch {
            throw ArchiveError(error)
        }
        let columns = AnswerColumns(query)
        var answers: [DataSet] = []
        answers.reserveCapacity(rows.count)
        var sealedBytes = 0
        var bytes = 0
        for row in rows {
            answers.append(try answer(row, query, columns, &bytes))
            sealedBytes += row.header?.bytes.count ?? 0
            // What is small under its seal may be large without it.
            guard bytes < CatalogPage.byteLimit, sealedBytes < CatalogPage.byteLimit else {
                return AnswerPage(answers: answers, end: row.position, isCut: true)
            }
        }
        return AnswerPage(answers: answers, end: rows.last?.position, isCut: false)
    }

    /// Whether answers take the headers of instances: such answers are large, and should be asked for page by page.
    public static func needsHeaders(_ query: ArchiveQuery) -> Bool {
        query.wantsAllAttributes || query.attributes.contains { !isInCatalog($0) }
    }

    private static func isInCatalog(_ tag: Tag) -> Bool {
        CatalogAttribute.forTag(tag) != nil || DerivedAttribute.forTag(tag) != nil
    }

    /// - Parameter bytes: Counts those of the headers that were opened.
    private func answer(
        _ row: CatalogRow,
        _ query: ArchiveQuery,
        _ columns: AnswerColumns,
        _ bytes: inout Int
    ) throws(ArchiveError) -> DataSet {
        let known = columns.elements(of: row)
        var answer: DataSet
        if let sealed = row.header {
            answer = DataSet()
            let header = try headers.unicodeDataSet(sealed, addingTo: &bytes)
            for element in header.elements where query.wantsAllAttributes || query.attributes.contains(element.tag) {
                if case .bulk = element.value { continue }
                // Attributes of the levels below the answer's say something about one instance only.
                if let attribute = CatalogAttribute.forTag(element.tag), attribute.level > query.level { continue }
                answer.set(element.detached)
            }
            // The column has what all instances of the record share; the header belongs to one of them.
            for element in known { answer.set(element) }
        } else {
            answer = DataSet(known)
        }
        answer.declareUTF8IfNeeded()
        return answer
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
        case .cannotOpen, .outdated, .failed, .cancelled: self.init(.unavailable, error.description)
        }
    }
}
