import DICOMCore

extension SubjectIdentifiers {
    /// Those that must not be in an object that a profile was applied to.
    ///
    /// Values of attributes that the profile keeps may stand there, and so may those that are what a dummy is, as in
    /// objects that were de-identified before.
    public func unwanted(by profile: DeidentificationProfile) -> SubjectIdentifiers {
        let kinds = profile.retainedIdentifiers
        return SubjectIdentifiers(
            identifiers.filter { identifier in
                guard !kinds.contains(identifier.kind), !DummyValue.all.contains(identifier.text) else { return false }
                let vr = DataElementDictionary.vr(of: identifier.tag) ?? .un
                let element = ProfiledElement(
                    tag: identifier.tag,
                    vr: vr,
                    sopClassUID: nil,
                    concept: identifier.concept
                )
                return identifier.tag.isPrivate || profile.action(for: element) != .keep
            }
        )
    }
}

extension DeidentificationProfile {
    /// The kinds of identifiers that stay in the object, and hence may stand in its texts and are no leak.
    public var retainedIdentifiers: Set<IdentifierKind> {
        var kinds: Set<IdentifierKind> = []
        if options.contains(.retainUIDs) { kinds.insert(.uid) }
        if options.contains(.retainDeviceIdentity) { kinds.formUnion([.device, .station, .applicationEntity]) }
        if options.contains(.retainInstitutionIdentity) { kinds.insert(.institution) }
        if options.contains(.retainLongitudinalFullDates) { kinds.insert(.date) }
        return kinds
    }

    /// What becomes of dates under the options.
    ///
    /// - Parameter keepsWeekday: Whether dates move by whole weeks, where they move.
    public func datePolicy(keepsWeekday: Bool = false) -> DatePolicy {
        if options.contains(.retainLongitudinalFullDates) { return .kept }
        return options.contains(.retainLongitudinalModifiedDates) ? .shifted(keepsWeekday: keepsWeekday) : .removed
    }

    /// What may stand in a finished object.
    public func leakPolicy(keepsWeekday: Bool = false) -> LeakPolicy {
        LeakPolicy(retained: retainedIdentifiers, dates: datePolicy(keepsWeekday: keepsWeekday))
    }
}
