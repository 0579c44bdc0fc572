import ArchiveCatalog
package import ArchiveServices
package import DICOMCore

/// A search as its URL asks for it (PS3.18 8.3.4 and 10.6.1.2), turned into a question to the archive.
package struct SearchRequest: Sendable, Hashable {
    /// The question.
    ///
    /// It asks for one answer more than will be given, to know whether there are more.
    package private(set) var query: ArchiveQuery
    /// Answers to give at most.
    package private(set) var limit: Int
    /// The attributes that each answer carries even when they are empty.
    package let requiredAttributes: [Tag]
    /// What was asked for and will not be done, for `Warning` header fields.
    package let warnings: [String]

    /// Reads the query of a search.
    ///
    /// - Throws: ``RequestError`` and ``MatchingError`` for keys and values that cannot be understood.
    package init(_ resource: SearchResource, _ items: QueryItems, limits: HTTPLimits) throws {
        var parser = SearchParser(resource)
        for item in items.items {
            try parser.take(item)
        }
        limit = min(parser.limit ?? limits.resultCount, limits.resultCount)
        requiredAttributes = resource.requiredAttributes
        warnings = parser.warnings
        query = ArchiveQuery(
            level: resource.level,
            conditions: try parser.conditions(limits.matching),
            attributes: Set(resource.returnedAttributes).union(parser.attributes),
            wantsAllAttributes: parser.wantsAllAttributes,
            limit: limit + 1,
            offset: parser.offset
        )
    }

    /// Lets no more than `limit` answers come; there is one more in the query, to see whether that was all.
    mutating func lowerLimit(to limit: Int) {
        self.limit = min(self.limit, limit)
        query.limit = self.limit + 1
    }
}

/// Gathers the items of a query.
private struct SearchParser {
    let resource: SearchResource
    var limit: Int?
    var offset = 0
    var attributes: Set<Tag> = []
    var wantsAllAttributes = false
    var warnings: [String] = []
    private var keys = MatchingKeys()

    init(_ resource: SearchResource) {
        self.resource = resource
    }

    mutating func take(_ item: QueryItems.Item) throws(RequestError) {
        switch item.name {
        case "limit": limit = try QueryItems.number(item)
        case "offset": offset = try QueryItems.number(item)
        case "includefield": try takeField(item.value)
        case "fuzzymatching": try takeSwitch(item, "Fuzzy matching is not done: names match letter by letter")
        case "emptyvaluematching": try takeSwitch(item, "Empty value matching is not done")
        case "multiplevaluematching": try takeSwitch(item, "Multiple value matching is done where PS3.4 has it")
        case "accept", "charset": break
        default: try takeKey(item)
        }
    }

    func conditions(_ parser: MatchingParser) throws(MatchingError) -> [MatchingCondition] {
        resource.conditions + (try keys.conditions(parser))
    }

    private mutating func takeField(_ list: String) throws(RequestError) {
        for field in list.split(separator: ",") {
            guard field != "all" else {
                wantsAllAttributes = true
                continue
            }
            // Of an attribute in a sequence, the whole sequence is returned.
            let tag = try QueryItems.tag(field.prefix { $0 != "." })
            if let attribute = CatalogAttribute.forTag(tag), attribute.level > resource.level {
                warn("\(tag) belongs to a lower level and is not returned")
            } else {
                attributes.insert(tag)
            }
        }
    }

    private mutating func takeKey(_ item: QueryItems.Item) throws(RequestError) {
        let tag = try QueryItems.tag(item.name.prefix { $0 != "." })
        guard !item.name.contains("."), keys.add(tag, item.value) else {
            warn("\(tag) is not matched: the archive has no index of it")
            if !item.name.contains(".") { attributes.insert(tag) }
            return
        }
        if (CatalogAttribute.forTag(tag)?.level ?? .study) <= resource.level { attributes.insert(tag) }
    }

    private mutating func takeSwitch(_ item: QueryItems.Item, _ warning: String) throws(RequestError) {
        switch item.value {
        case "true": warn(warning)
        case "false": break
        default: throw RequestError(.badRequest, "\(item.name) is neither true nor false")
        }
    }

    private mutating func warn(_ text: String) {
        // A request of thousands of odd keys must not make thousands of header fields.
        if warnings.count < 16, !warnings.contains(text) { warnings.append(text) }
    }
}

extension SearchResource {
    /// The level of the answers.
    var level: QueryLevel {
        switch self {
        case .studies: .study
        case .series: .series
        case .instances: .instance
        }
    }

    /// What the path demands.
    var conditions: [MatchingCondition] {
        switch self {
        case .studies: []
        case .series(let study): Self.condition(.studyInstanceUID, study)
        case .instances(let study, let series):
            Self.condition(.studyInstanceUID, study) + Self.condition(.seriesInstanceUID, series)
        }
    }

    /// The attributes that the tables mark as required (PS3.18 tables 10.6.3-3 to 10.6.3-5), and those that place the answer.
    var requiredAttributes: [Tag] {
        switch self {
        case .studies: Self.study
        case .series(study: nil): Self.study + Self.series
        case .series: [.studyInstanceUID] + Self.series
        case .instances(study: nil, series: _): Self.study + Self.series + Self.instance
        case .instances(study: .some, series: nil): [.studyInstanceUID] + Self.series + Self.instance
        case .instances(study: .some, series: .some):
            [.studyInstanceUID, .seriesInstanceUID] + Self.instance
        }
    }

    /// The attributes that every answer carries when the archive has them.
    var returnedAttributes: [Tag] {
        let optional: [Tag] =
            switch self {
            case .studies: [.studyDescription]
            case .series: Self.seriesWhenKnown
            case .instances(study: _, series: nil): Self.seriesWhenKnown + Self.instanceWhenKnown
            case .instances: Self.instanceWhenKnown
            }
        return requiredAttributes + optional
    }

    private static let study: [Tag] = [
        .studyDate, .studyTime, .accessionNumber, .modalitiesInStudy, .referringPhysicianName, .patientName, .patientID,
        .patientBirthDate, .patientSex, .studyInstanceUID, .studyID, .numberOfStudyRelatedSeries,
        .numberOfStudyRelatedInstances,
    ]
    private static let series: [Tag] = [
        .modality, .seriesInstanceUID, .seriesNumber, .numberOfSeriesRelatedInstances,
    ]
    private static let seriesWhenKnown: [Tag] = [
        .seriesDescription, .performedProcedureStepStartDate, .performedProcedureStepStartTime,
        .scheduledProcedureStepID, .requestedProcedureID,
    ]
    private static let instance: [Tag] = [.sopClassUID, .sopInstanceUID, .instanceNumber]
    private static let instanceWhenKnown: [Tag] = [.rows, .columns, .bitsAllocated, .numberOfFrames]

    private static func condition(_ tag: Tag, _ uid: UID?) -> [MatchingCondition] {
        guard let uid, let subject = MatchingCondition.Subject(tag: tag) else { return [] }
        return [MatchingCondition(subject, .values([uid.string]))]
    }
}
