import DICOMCore

/// Content items of structured reports and of other objects (PS3.3 10.2, C.17.3).
enum ContentItem {
    /// The concept of an item; `nil` for what is none.
    static func concept(of item: DataSet) -> ProfiledElement.Concept? {
        guard let name = item.items(.conceptNameCodeSequence).first else { return nil }
        let code = name.string(.codeValue) ?? name.string(.longCodeValue) ?? name.string(.urnCodeValue)
        guard let code, let scheme = name.string(.codingSchemeDesignator) else { return nil }
        return ProfiledElement.Concept(code: code, scheme: scheme, valueType: item.string(.valueType) ?? "")
    }

    /// The defined terms of Relationship Type (PS3.3 C.17.3.2.4): any other text could be a name.
    private static let relationships: Set<String> = [
        "CONTAINS", "HAS OBS CONTEXT", "HAS CONCEPT MOD", "HAS PROPERTIES", "HAS ACQ CONTEXT", "INFERRED FROM",
        "SELECTED FROM",
    ]

    /// An item in the place of one that goes, so that the others keep their numbers.
    static func dummy(like item: DataSet) -> DataSet {
        var dummy = DummyValue.contentItem
        if let relationship = item.string(.relationshipType), relationships.contains(relationship) {
            dummy.set(.text(.relationshipType, .cs, relationship))
        } else {
            dummy.remove(.relationshipType)
        }
        return dummy
    }

    /// Whether items point at others by their numbers (PS3.3 C.17.3.2.5).
    static func haveReferences(in header: DataSet) -> Bool {
        var pending = header.items(.contentSequence)
        while let item = pending.popLast() {
            if item[.referencedContentItemIdentifier] != nil { return true }
            pending += item.items(.contentSequence)
        }
        return false
    }
}

/// What is done inside a sequence of which nothing but its form may stay.
enum DummyItem {
    static func action(_ action: AttributeAction, _ element: DataElement) -> AttributeAction {
        guard action == .keep || action == .clean else { return action }
        switch element.vr {
        case .ae, .as, .da, .ds, .dt, .is, .lo, .lt, .pn, .sh, .sq, .st, .tm, .uc, .ur, .ut: return .dummy
        case .at, .cs, .fd, .fl, .sl, .ss, .sv, .ui, .ul, .us, .uv: return action
        case .ob, .od, .of, .ol, .ov, .ow, .un: return .remove
        }
    }
}
