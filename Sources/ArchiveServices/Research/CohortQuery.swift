import ArchiveCatalog
import DICOMCore

/// The query of a cohort: parameters of a QIDO-RS search for studies, of which each must be one that the archive matches.
///
/// A search may pass over a key that it does not know. Here it would let more out than was meant, so it is refused.
struct CohortQuery: Sendable, Hashable {
    /// What must hold.
    let conditions: [MatchingCondition]

    /// The longest text.
    static let lengthLimit = 16_384

    /// The keys that say nothing of a single patient: what researchers may ask with.
    private static let researcherKeys: Set<Tag> = [
        .modality, .modalitiesInStudy, .sopClassesInStudy, .sopClassUID, .studyDate, .bodyPartExamined, .laterality,
        .patientSex, .manufacturer,
    ]

    /// Reads the text of a query.
    ///
    /// - Parameter isResearchers: Whether only keys are taken that say nothing of a single patient.
    /// - Throws: `.badRequest`.
    init(_ text: String, isResearchers: Bool = false) throws(ArchiveError) {
        guard text.utf8.count <= Self.lengthLimit else {
            throw ArchiveError(.badRequest, "The query is longer than \(Self.lengthLimit) bytes")
        }
        guard let items = QueryText(text.utf8.first == UInt8(ascii: "?") ? text.dropFirst() : text[...])?.items else {
            throw ArchiveError(
                .badRequest,
                "The query is not percent-encoded UTF-8: write Modality=CT&StudyDate=2020-2021"
            )
        }
        var keys = MatchingKeys()
        for item in items {
            let tag = try Self.tag(item.name)
            guard !isResearchers || Self.researcherKeys.contains(tag) else {
                throw ArchiveError(.denied, "Researchers may not ask by \(tag), which could tell single patients")
            }
            guard !item.value.isEmpty else {
                throw ArchiveError(.badRequest, "The key \(tag) has no value: write * for any")
            }
            guard keys.add(tag, item.value) else {
                throw ArchiveError(.badRequest, "The archive has no index of \(tag) and cannot choose by it")
            }
        }
        do throws(MatchingError) {
            conditions = try keys.conditions(MatchingParser())
        } catch {
            throw ArchiveError(.badRequest, error.description)
        }
    }

    private static func tag(_ name: String) throws(ArchiveError) -> Tag {
        do throws(AttributeNameError) {
            if let tag = try AttributeName(name).tag { return tag }
        } catch {
            let hint = error.suggestion.map { "; did you mean \($0)?" } ?? ""
            throw ArchiveError(
                .badRequest,
                "A key of the query is neither a keyword of PS3.6 nor a tag; keywords are case-sensitive" + hint
            )
        }
        throw ArchiveError(.badRequest, "A key of the query names a private attribute by its creator")
    }
}
