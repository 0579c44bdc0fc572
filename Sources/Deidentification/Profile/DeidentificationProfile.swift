import DICOMCore

/// The Basic Application Level Confidentiality Profile with options (PS3.15 E.2, E.3): what is to be done to each attribute.
///
/// What the profile does not know is removed: elements that no dictionary has, and private ones that are not on the list
/// of safe ones. Elements of the standard that Table E.1-1 does not list may stay by the standard; here names, dates and
/// addresses among them go, too (``UnlistedAttributes``).
public struct DeidentificationProfile: Sendable, Hashable {
    /// The options.
    public let options: Set<DeidentificationOption>

    /// Puts options together.
    ///
    /// - Throws: ``ProfileError`` for options that contradict each other.
    public init(options: Set<DeidentificationOption> = []) throws(ProfileError) {
        // "The Retain Longitudinal Temporal Information With Full Dates Option and ... Modified Dates Option are mutually
        // exclusive": dates cannot be as they were and others (PS3.15 E.3.6).
        guard !options.isSuperset(of: [.retainLongitudinalFullDates, .retainLongitudinalModifiedDates]) else {
            throw .contradiction(.retainLongitudinalFullDates, .retainLongitudinalModifiedDates)
        }
        self.options = options
    }

    /// What is to be done to an element.
    ///
    /// For a sequence `.keep`, `.clean`, `.mapUID` and `.dummy` mean that its items are gone through, each element by its
    /// own action.
    public func action(for element: ProfiledElement) -> AttributeAction {
        let tag = element.tag
        if tag.isGroupLength || tag.group < 8 || tag == .lengthToEnd { return .remove }
        if tag.isPrivate { return privateAction(element) }
        if let concept = element.concept, concept.isValue(tag), let action = action(for: concept) {
            return action
        }
        guard let row = AttributeActions.row(for: tag) else { return UnlistedAttributes.action(for: element, options) }
        if let action = row.overruled(by: options) { return action }
        return basic(row, element)
    }

    /// What is to be done to a content item of that concept; `nil` when Table E.3.4-1 does not list it.
    ///
    /// `.remove` is about the whole item with what it contains, everything else about its value.
    public func action(for concept: ProfiledElement.Concept) -> AttributeAction? {
        guard let row = Self.row(for: concept) else { return nil }
        if let action = row.overruled(by: options) { return action }
        // Which template the item belongs to, and whether it must be there, is not known: a dummy is always valid.
        return row.basic.strongest
    }

    /// What is to be done to an element that cannot be cleaned, though an option says so: what holds without options.
    func actionWithoutCleaning(for element: ProfiledElement) -> AttributeAction {
        let tag = element.tag
        if let concept = element.concept, concept.isValue(tag), let row = Self.row(for: concept) {
            return row.basic.strongest
        }
        if let row = AttributeActions.row(for: tag) { return basic(row, element) }
        switch element.vr {
        case .lt, .st, .ut: return .dummy
        default: return .remove
        }
    }

    private static func row(for concept: ProfiledElement.Concept) -> ActionRow? {
        let key = ConceptActions.Key(code: concept.code, scheme: concept.scheme, valueType: concept.valueType)
        return ConceptActions.rows[key]
    }

    private func privateAction(_ element: ProfiledElement) -> AttributeAction {
        guard options.contains(.retainSafePrivate), let creator = element.privateCreator,
            SafePrivateElements.contains(element.tag, creator: creator)
        else { return .remove }
        return .keep
    }

    /// Whether a sequence of references may keep its items with other UIDs (X/Z/U* of Table E.1-1).
    func mayMapReferences(_ tag: Tag) -> Bool {
        AttributeActions.row(for: tag)?.basic == .removeOrEmptyOrMapUID
    }

    /// What the basic profile does.
    ///
    /// What it removes although the IOD requires it gets a value that says nothing: the object has to stay one that others
    /// can read.
    private func basic(_ row: ActionRow, _ element: ProfiledElement) -> AttributeAction {
        guard let plain = row.basic.plain, plain != .remove else { return resolved(row.basic, element) }
        return plain
    }

    private func resolved(_ code: ActionCode, _ element: ProfiledElement) -> AttributeAction {
        let place = AttributeTypes.Place(tag: element.tag, path: element.path)
        if let action = AttributeTypes.action(for: place, sopClassUID: element.sopClassUID) { return action }
        // Content items nest as deep as a report needs (PS3.3 C.17.3); types are those of the outermost ones.
        let outermost = AttributeTypes.Place(tag: element.tag, path: element.path.filter { $0 != .contentSequence })
        if outermost != place,
            let action = AttributeTypes.action(for: outermost, sopClassUID: element.sopClassUID)
        {
            return action
        }
        return code.strongest
    }
}
