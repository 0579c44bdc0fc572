public import DICOMCore
public import DICOMPixels

/// What is done with the pixels of certain objects, beyond what is done with all.
public struct PixelRule: Sendable, Hashable {
    /// An attribute that a rule looks at; the name is the key in a rule file.
    public enum Condition: String, Sendable, Hashable, CaseIterable {
        /// Modality (0008,0060).
        case modality
        /// Manufacturer (0008,0070).
        case manufacturer
        /// Manufacturer's Model Name (0008,1090).
        case model
        /// Software Versions (0018,1020), any of them.
        case software
        /// SOP Class UID (0008,0016).
        case sopClass = "sop-class"
        /// Rows (0028,0010).
        case rows
        /// Columns (0028,0011).
        case columns
        /// Image Type (0008,0008), any of its values.
        case imageType = "image-type"
        /// Burned In Annotation (0028,0301).
        case burnedInAnnotation = "burned-in-annotation"
        /// Series Description (0008,103E).
        case seriesDescription = "series-description"
        /// Body Part Examined (0018,0015).
        case bodyPart = "body-part"
    }

    /// What a rule does.
    public enum Action: Sendable, Hashable {
        /// These pixels become black in all frames.
        case blackOut([PixelRectangle])
        /// The object is not given away.
        case exclude(String)
        /// Whether text is looked for, whatever the modality.
        case searchText(Bool)
        /// A face that may be in it is no reason to exclude the object.
        case allowFaces
    }

    /// What people call it; in reports.
    public let name: String
    /// Patterns by attribute: all attributes must match, each with one of its patterns.
    public let conditions: [Condition: [String]]
    /// What is done, all of it.
    public let actions: [Action]

    /// Makes a rule.
    ///
    /// - Parameter conditions: patterns with `*` (any characters) and `?` (one), without regard to case; each for a whole
    ///   value. No condition at all matches every object.
    public init(name: String, when conditions: [Condition: [String]], _ actions: [Action]) {
        self.name = name
        self.conditions = conditions
        self.actions = actions
    }

    /// Whether the rule is for an object.
    public func matches(_ header: DataSet) -> Bool {
        conditions.allSatisfy { condition, patterns in
            let values = Self.values(of: condition, header)
            return patterns.contains { pattern in
                values.contains { PixelRulePattern.matches($0, pattern) }
            }
        }
    }

    /// The values that a condition looks at; an absent one is an empty text, so that `*` alone matches it.
    private static func values(of condition: Condition, _ header: DataSet) -> [String] {
        let values: [String] =
            switch condition {
            case .modality: header.strings(for: .modality)
            case .manufacturer: header.strings(for: .manufacturer)
            case .model: header.strings(for: .manufacturerModelName)
            case .software: header.strings(for: .softwareVersions)
            case .sopClass: header.strings(for: .sopClassUID)
            case .rows: header.integers(.rows).map { String($0) }
            case .columns: header.integers(.columns).map { String($0) }
            case .imageType: header.strings(for: .imageType)
            case .burnedInAnnotation: header.strings(for: .burnedInAnnotation)
            case .seriesDescription: header.strings(for: .seriesDescription)
            case .bodyPart: header.strings(for: .bodyPartExamined)
            }
        return values.isEmpty ? [""] : values
    }
}

/// Patterns of `*` and `?`.
enum PixelRulePattern {
    /// Whether a pattern covers all of a value, without regard to case.
    static func matches(_ value: String, _ pattern: String) -> Bool {
        let text = Array(value.lowercased())
        let wanted = Array(pattern.lowercased())
        var position = 0
        var at = 0
        // Where the last star is, and how much it takes: only the last one ever has to take more.
        var star: (at: Int, position: Int)?
        while position < text.count {
            if at < wanted.count, wanted[at] == "*" {
                star = (at, position)
                at += 1
            } else if at < wanted.count, wanted[at] == "?" || wanted[at] == text[position] {
                at += 1
                position += 1
            } else if let last = star {
                star = (last.at, last.position + 1)
                at = last.at + 1
                position = last.position + 1
            } else {
                return false
            }
        }
        return wanted[at...].allSatisfy { $0 == "*" }
    }
}
