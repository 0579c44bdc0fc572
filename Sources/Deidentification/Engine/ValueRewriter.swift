import DICOMCore
import NIOCore

/// Makes the new value of one element.
///
/// What does not follow its Value Representation never stays, for it may be anything.
struct ValueRewriter {
    /// What an element becomes.
    struct Outcome {
        /// The new element; `nil` when it goes.
        let element: DataElement?
        let action: AttributeAction
        let reason: ActionRecord.Reason
    }

    let pseudonyms: Pseudonyms
    let patient: PatientKey
    let texts: ObjectTexts
    let encapsulatedDocument: DummyDocument

    /// The element without what the action takes away.
    ///
    /// - Parameter fallback: what is done where cleaning is not possible.
    func rewrite(
        _ element: DataElement,
        _ action: AttributeAction,
        fallback: AttributeAction,
        reason: ActionRecord.Reason,
        _ characterSet: SpecificCharacterSet
    ) -> Outcome {
        if action != .keep, action != .remove, let named = pseudonym(for: element, characterSet) {
            return Outcome(element: named, action: action, reason: .pseudonym)
        }
        switch action {
        case .remove: return Outcome(element: nil, action: .remove, reason: reason)
        case .empty: return Outcome(element: .empty(element.tag, element.vr), action: .empty, reason: reason)
        case .dummy: return Outcome(element: dummy(element, characterSet), action: .dummy, reason: reason)
        case .mapUID: return mapped(element, reason)
        case .keep: return kept(element, reason, characterSet)
        case .clean: return cleaned(element, fallback, reason, characterSet)
        }
    }

    // MARK: Pseudonyms

    /// Patient ID, Patient's Name and Accession Number have names of the project's own: "Z" and "D" both allow a value.
    private func pseudonym(for element: DataElement, _ characterSet: SpecificCharacterSet) -> DataElement? {
        switch element.tag {
        case .patientID: return .text(.patientID, .lo, pseudonyms.patientID(patient))
        case .patientName: return .text(.patientName, .pn, pseudonyms.patientName(patient))
        case .clinicalTrialSubjectID: return .text(.clinicalTrialSubjectID, .lo, pseudonyms.patientID(patient))
        case .accessionNumber:
            guard let number = element.strings(characterSet).first, !number.isEmpty else { return nil }
            return .text(.accessionNumber, .sh, pseudonyms.accessionNumber(number))
        default: return nil
        }
    }

    // MARK: Dummies

    private func dummy(_ element: DataElement, _ characterSet: SpecificCharacterSet) -> DataElement {
        if element.tag == .encapsulatedDocument { return encapsulatedDocument.element }
        let values = element.strings(characterSet)
        if element.vr == .ui { return mappedUIDs(element) ?? DummyValue.element(element.tag, .ui) }
        guard let kind = DummyValue.identifierKind(of: element.tag, element.vr),
            let value = values.first, !value.isEmpty
        else { return DummyValue.element(element.tag, element.vr, like: values.first) }
        return .text(element.tag, element.vr, pseudonyms.identifier(kind, value))
    }

    // MARK: UIDs

    private func mapped(_ element: DataElement, _ reason: ActionRecord.Reason) -> Outcome {
        guard element.vr == .ui else {
            // Another Value Representation than the dictionary's: nobody knows what it is.
            return Outcome(element: nil, action: .remove, reason: .malformed)
        }
        return Outcome(element: mappedUIDs(element) ?? .empty(element.tag, .ui), action: .mapUID, reason: reason)
    }

    private func mappedUIDs(_ element: DataElement) -> DataElement? {
        let uids = element.strings(.ascii).compactMap { pseudonyms.uid(of: $0) }
        return uids.isEmpty ? nil : .uids(element.tag, uids)
    }

    // MARK: What stays

    private func kept(
        _ element: DataElement,
        _ reason: ActionRecord.Reason,
        _ characterSet: SpecificCharacterSet
    ) -> Outcome {
        guard let bytes = element.bytes, bytes.readableBytes > 0 else {
            return Outcome(element: element, action: .keep, reason: reason)
        }
        guard element.vr.isText else {
            guard bytes.readableBytes % element.vr.wordLength == 0 else {
                return Outcome(element: .empty(element.tag, element.vr), action: .empty, reason: .malformed)
            }
            return Outcome(element: element, action: .keep, reason: reason)
        }
        let (values, isExact) = element.decodedStrings(characterSet)
        guard isExact else {
            return Outcome(element: dummy(element, .ascii), action: .dummy, reason: .undecodable)
        }
        if element.vr == .as { return ages(element, values, reason) }
        guard values.allSatisfy({ $0.isEmpty || Self.follows($0, element.vr) }) else {
            return Outcome(element: .empty(element.tag, element.vr), action: .empty, reason: .malformed)
        }
        // A short code is a defined term, whoever's initials it resembles.
        let isTerm = element.vr == .cs && values.allSatisfy { $0.utf8.count < 5 }
        guard Self.mayNamePeople(element.vr), !isTerm else {
            return Outcome(element: plain(element, values), action: .keep, reason: reason)
        }
        let scrubbed = values.map { Self.fitting(texts.scrub($0), $0, element.vr) }
        guard scrubbed != values else { return Outcome(element: element, action: .keep, reason: reason) }
        let rewritten = text(element, scrubbed, characterSet) ?? dummy(element, .ascii)
        return Outcome(element: rewritten, action: .clean, reason: .identifier)
    }

    /// Numbers, dates and identifiers are written anew: what hides behind a NUL or in padding does not go with them.
    private func plain(_ element: DataElement, _ values: [String]) -> DataElement {
        .text(element.tag, element.vr, values)
    }

    /// Ages above 89 are one age (45 CFR 164.514(b)(2)(i)(C)).
    private func ages(_ element: DataElement, _ values: [String], _ reason: ActionRecord.Reason) -> Outcome {
        let ages = values.compactMap { pseudonyms.age($0) }
        guard ages.count == values.count else {
            return Outcome(element: .empty(element.tag, .as), action: .empty, reason: .malformed)
        }
        return Outcome(element: .text(element.tag, .as, ages), action: ages == values ? .keep : .clean, reason: reason)
    }

    /// Whether a value has the form that its Value Representation demands, as leniently as devices need it.
    private static func follows(_ value: String, _ vr: VR) -> Bool {
        switch vr {
        case .da: TemporalRange<DICOMDate>(value) != nil
        case .tm: TemporalRange<DICOMTime>(value) != nil
        case .dt: TemporalRange<DICOMDateTime>(value) != nil
        case .is: DataElement.decimal(value) != nil && value.utf8.count <= 16
        case .ds: DataElement.decimal(value) != nil && value.utf8.count <= 32
        case .ui: UID(value) != nil
        default: true
        }
    }

    private static func mayNamePeople(_ vr: VR) -> Bool {
        switch vr {
        case .ae, .cs, .lo, .lt, .pn, .sh, .st, .uc, .ur, .ut: true
        default: false
        }
    }

    // MARK: Cleaning

    private func cleaned(
        _ element: DataElement,
        _ fallback: AttributeAction,
        _ reason: ActionRecord.Reason,
        _ characterSet: SpecificCharacterSet
    ) -> Outcome {
        func give(up why: ActionRecord.Reason) -> Outcome {
            let action = fallback == .clean || fallback == .keep ? .remove : fallback
            return rewrite(element, action, fallback: .remove, reason: why, characterSet)
        }
        switch element.vr {
        case .da, .dt, .tm:
            guard let shifted = pseudonyms.shifted(element, patient: patient) else { return give(up: .malformed) }
            return Outcome(element: shifted, action: .clean, reason: reason)
        case .as: return kept(element, reason, characterSet)
        case .ui: return mapped(element, reason)
        case .ae, .cs, .lo, .lt, .pn, .sh, .st, .uc, .ur, .ut:
            let (values, isExact) = element.decodedStrings(characterSet)
            guard isExact else { return give(up: .undecodable) }
            let cleaned = values.map { Self.fitting(texts.clean($0), $0, element.vr) }
            guard cleaned.contains(where: Self.saysSomething) || cleaned == values,
                let rewritten = text(element, cleaned, characterSet)
            else { return give(up: .identifier) }
            return Outcome(element: rewritten, action: .clean, reason: cleaned == values ? reason : .identifier)
        default: return give(up: reason)
        }
    }

    /// The text in the object's own character set, no longer than its Value Representation allows.
    private func text(
        _ element: DataElement,
        _ values: [String],
        _ characterSet: SpecificCharacterSet
    ) -> DataElement? {
        let limited = values.map { String($0.unicodeScalars.prefix(Self.lengthLimit(element.vr))) }
        let separator = element.vr.separatesValuesByBackslash ? "\\" : "\n"
        let joined = limited.joined(separator: separator)
        guard element.vr.usesSpecificCharacterSet else {
            return joined.utf8.allSatisfy { $0 < 0x80 } ? .text(element.tag, element.vr, limited) : nil
        }
        guard var bytes = characterSet.encode(joined, isPersonName: element.vr == .pn) else { return nil }
        if bytes.readableBytes % 2 == 1 { bytes.writeInteger(element.vr.padding) }
        return DataElement(tag: element.tag, vr: element.vr, value: .bytes(bytes))
    }

    private static func lengthLimit(_ vr: VR) -> Int {
        switch vr {
        case .ae, .cs, .sh: 16
        case .lo, .pn: 64
        case .st: 1_024
        case .lt: 10_240
        default: .max
        }
    }

    /// What is left of a text, as its Value Representation allows it.
    private static func fitting(_ cleaned: String, _ original: String, _ vr: VR) -> String {
        let text = withoutControls(cleaned, vr)
        guard vr == .cs, text != original else { return text }
        // A code has no characters to mark what is missing, and half of one is none.
        return DummyValue.text
    }

    /// Whether anything but marks of what was taken out is left.
    private static func saysSomething(_ text: String) -> Bool {
        text.unicodeScalars.contains { $0.properties.isAlphabetic || $0.properties.numericType != nil }
    }

    /// A control character ends what is shown of a value: what stands behind it would leave unseen.
    private static func withoutControls(_ text: String, _ vr: VR) -> String {
        let allowed: Set<Unicode.Scalar> = vr.separatesValuesByBackslash ? [] : ["\t", "\n", "\u{C}", "\r"]
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 && !allowed.contains($0) }) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix { $0.value >= 0x20 || allowed.contains($0) }))
    }
}
