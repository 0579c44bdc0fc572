import ArchiveCatalog
import ArchiveServices
import DICOMCore
import DIMSE
import NIOCore

/// The identifier of a C-FIND-RQ, understood (PS3.4 C.4.1, C.6).
struct FindIdentifier: Sendable {
    /// Matches read from the catalog at once; fewer where each of them brings a whole header.
    var pageLength: Int { QueryService.needsHeaders(query) ? 50 : 1_000 }

    /// The information model of the SOP class.
    enum Model: Sendable {
        case patientRoot
        case studyRoot
    }

    /// The question that the identifier asks.
    private(set) var query: ArchiveQuery
    /// The keys as they were sent, to be answered one by one.
    private let keys: [DataElement]
    /// Whether a key has a value that the archive cannot match.
    private var hasUnmatchedKeys = false

    /// Whether Instance Availability is asked for.
    var wantsAvailability: Bool { keys.contains { $0.tag == .instanceAvailability } && query.level != .patient }

    /// What the matches are told with (PS3.4 C.4.1.1.4).
    var pendingStatus: DIMSEStatus { hasUnmatchedKeys ? .pendingWithoutOptionalKeys : .pending }

    /// Understands an identifier.
    ///
    /// - Parameter outer: The character set of keys where the identifier names none.
    init(
        _ identifier: DataSet,
        model: Model,
        parser: MatchingParser = MatchingParser(),
        inheriting outer: SpecificCharacterSet = .ascii
    ) throws(IdentifierError) {
        let codes = identifier.strings(for: .queryRetrieveLevel)
        guard let code = codes.first else {
            throw IdentifierError(.queryRetrieveLevel, "Query/Retrieve Level is missing")
        }
        guard codes.count == 1, let level = QueryLevel(code: code), model == .patientRoot || level != .patient else {
            throw IdentifierError(.queryRetrieveLevel, "Query/Retrieve Level is not of this model")
        }
        keys = identifier.elements.filter { !Self.isAboutTheQuery($0.tag) }
        query = ArchiveQuery(level: level)
        // The unique key of the level is always answered (PS3.4 C.2.2.1.1).
        query.attributes = Set(keys.map(\.tag).filter { $0 != .instanceAvailability } + [Self.uniqueKey(of: level)])
        // Where an object lies is known by its study.
        if wantsAvailability { query.attributes.insert(.studyInstanceUID) }
        let characterSet = identifier.specificCharacterSet(inheriting: outer)
        for key in keys {
            guard let subject = MatchingCondition.Subject(tag: key.tag), key.items.isEmpty else {
                hasUnmatchedKeys = hasUnmatchedKeys || Self.asksForAValue(key)
                continue
            }
            let values = key.vr.isText ? key.strings(characterSet) : key.integers.map { String($0) }
            do throws(MatchingError) {
                if let condition = try parser.condition(on: subject, values: values) {
                    query.conditions.append(condition)
                }
            } catch {
                throw IdentifierError(error)
            }
        }
    }

    /// The identifier of a pending response: every key that was sent, with the match's value or empty.
    func response(_ match: DataSet, retrieveAETitle: AETitle) -> DataSet {
        var response = DataSet()
        for key in keys {
            response.set(match[key.tag] ?? Self.empty(key))
        }
        let unique = Self.uniqueKey(of: query.level)
        if response[unique] == nil, let element = match[unique] { response.set(element) }
        if let characterSet = match[.specificCharacterSet] { response.set(characterSet) }
        response.set(.text(.queryRetrieveLevel, .cs, query.level.code))
        response.set(.text(.retrieveAETitle, .ae, retrieveAETitle.string))
        if wantsAvailability {
            response.set(match[.instanceAvailability] ?? .text(.instanceAvailability, .cs, "ONLINE"))
        }
        return response
    }

    private static func isAboutTheQuery(_ tag: Tag) -> Bool {
        switch tag {
        case .queryRetrieveLevel, .specificCharacterSet, .retrieveAETitle, .timezoneOffsetFromUTC: true
        default: tag.isGroupLength
        }
    }

    private static func asksForAValue(_ key: DataElement) -> Bool {
        if key.bytes.map({ $0.readableBytes > 0 }) == true { return true }
        return key.items.contains { $0.elements.contains { asksForAValue($0) } }
    }

    private static func uniqueKey(of level: QueryLevel) -> Tag {
        switch level {
        case .patient: .patientID
        case .study: .studyInstanceUID
        case .series: .seriesInstanceUID
        case .instance: .sopInstanceUID
        }
    }

    private static func empty(_ key: DataElement) -> DataElement {
        if key.vr == .sq { return .sequence(key.tag, []) }
        return .empty(key.tag, key.vr)
    }
}

/// An identifier that cannot be understood.
///
/// Holds no value of it.
struct IdentifierError: Error, Sendable, Hashable {
    let tag: Tag
    let comment: String
    /// Whether the key makes sense but is larger than what is taken.
    let isTooMuch: Bool

    init(_ tag: Tag, _ comment: String, isTooMuch: Bool = false) {
        self.tag = tag
        self.comment = comment
        self.isTooMuch = isTooMuch
    }

    /// What is wrong with a key, in no more than the 64 characters of an Error Comment.
    init(_ error: MatchingError) {
        switch error.code {
        case .badRange, .badUID: self.init(error.tag, "\(error.tag): \(error.code.rawValue)")
        case .tooManyValues: self.init(error.tag, "\(error.tag): more than limits.query.list-values", isTooMuch: true)
        case .tooManyWildcards: self.init(error.tag, "\(error.tag): more than limits.query.wildcards", isTooMuch: true)
        case .tooLong: self.init(error.tag, "\(error.tag): \(error.code.rawValue)", isTooMuch: true)
        }
    }
}
