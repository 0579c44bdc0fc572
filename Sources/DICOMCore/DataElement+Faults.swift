import NIOCore

extension DataElement {
    /// What is wrong with the values by the rules of the Value Representation; nothing for sequences and bulk.
    ///
    /// - Parameter characterSet: That of the Data Set; it applies to text only.
    public func valueFaults(_ characterSet: SpecificCharacterSet) -> [ValueFault] {
        guard let bytes, bytes.readableBytes > 0 else { return [] }
        guard vr.isText else {
            let isWhole = bytes.readableBytes % binaryLength == 0
            return isWhole ? [] : [ValueFault(kind: .badLength, valueIndex: nil)]
        }
        let (values, isExact) = decodedStrings(characterSet)
        var faults: [ValueFault] = []
        if !isExact { faults.append(ValueFault(kind: .undecodable, valueIndex: nil)) }
        for (index, value) in values.enumerated() where !value.isEmpty {
            faults += ValueRules.faults(of: value, vr).map { ValueFault(kind: $0, valueIndex: index) }
        }
        if vr == .ae, values.isEmpty { faults.append(ValueFault(kind: .badTitle, valueIndex: 0)) }
        if tag == .specificCharacterSet { faults += Self.characterSetFaults(values) }
        return faults
    }

    /// Bytes of one binary value.
    private var binaryLength: Int {
        vr == .at ? 4 : vr.wordLength
    }

    private static func characterSetFaults(_ terms: [String]) -> [ValueFault] {
        var faults: [ValueFault] = []
        for (index, term) in terms.enumerated() where !term.isEmpty {
            let defined = SpecificCharacterSet.definedTerm(of: term)
            if defined == nil {
                faults.append(ValueFault(kind: .unknownCharacterSet, valueIndex: index))
            } else if defined != term {
                faults.append(ValueFault(kind: .misspeltCharacterSet, valueIndex: index))
            }
        }
        let standsAlone = terms.contains { CharacterSetTerm($0)?.repertoire.isSwitchable == false }
        if standsAlone, terms.count > 1 {
            faults.append(ValueFault(kind: .forbiddenCodeExtensions, valueIndex: nil))
        }
        return faults
    }
}

/// The rules for one value of text, without padding and not empty.
private enum ValueRules {
    static func faults(of value: String, _ vr: VR) -> [ValueFault.Kind] {
        var faults: [ValueFault.Kind] = []
        if let limit = lengthLimit(vr), exceeds(value, limit, vr) { faults.append(.tooLong) }
        if !value.unicodeScalars.allSatisfy({ allows($0, vr) }) { faults.append(.badCharacter) }
        return faults + form(of: value, vr)
    }

    /// The most characters of a value, of a name in each component group (PS3.5 table 6.2-1).
    private static func lengthLimit(_ vr: VR) -> Int? {
        switch vr {
        case .ae, .cs, .ds, .sh: 16
        case .as: 4
        case .da: 10
        case .dt: 26
        case .is: 12
        case .lo, .pn, .ui: 64
        case .lt: 10_240
        case .st: 1_024
        case .tm: 16
        default: nil
        }
    }

    private static func exceeds(_ value: String, _ limit: Int, _ vr: VR) -> Bool {
        guard value.utf8.count > limit else { return false }
        guard vr == .pn else { return value.unicodeScalars.count > limit }
        return value.unicodeScalars.split(separator: "=").contains { $0.count > limit }
    }

    private static func allows(_ character: Unicode.Scalar, _ vr: VR) -> Bool {
        switch vr {
        case .cs:
            switch character {
            case "A"..."Z", "0"..."9", " ", "_": true
            default: false
            }
        case .lt, .st, .ut: !isControl(character) || ["\t", "\n", "\u{C}", "\r", "\u{1B}"].contains(character)
        case .lo, .pn, .sh, .uc: !isControl(character)
        case .ae, .ur: !isControl(character) && character.isASCII
        // Their form says which characters they may have.
        default: true
        }
    }

    private static func isControl(_ character: Unicode.Scalar) -> Bool {
        character.value < 0x20 || (0x7F...0x9F).contains(character.value)
    }

    private static func form(of value: String, _ vr: VR) -> [ValueFault.Kind] {
        switch vr {
        case .as: AgeString(value)?.string == value ? [] : [.badAge]
        case .da: DICOMDate(value).map { $0.string == value ? [] : [.retiredForm] } ?? [.badDate]
        case .tm: DICOMTime(value).map { $0.string == value ? [] : [.retiredForm] } ?? [.badTime]
        case .dt: DICOMDateTime(value) == nil ? [.badDateTime] : []
        case .is: integer(value)
        case .ds: DataElement.decimal(value) == nil ? [.badDecimal] : []
        case .ui: isUID(value) ? [] : [.badUID]
        case .ur: value.utf8.first == 0x20 ? [.badURI] : []
        case .pn: name(value)
        default: []
        }
    }

    private static func integer(_ value: String) -> [ValueFault.Kind] {
        var digits = value.utf8[...]
        if digits.first == 0x2B || digits.first == 0x2D { digits = digits.dropFirst() }
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return [.badInteger] }
        return Int32(value) == nil ? [.integerOutOfRange] : []
    }

    /// The type is lenient about zeros; the standard is not.
    private static func isUID(_ value: String) -> Bool {
        UID(value) != nil && value.utf8.split(separator: 0x2E).allSatisfy { $0.count == 1 || $0.first != 0x30 }
    }

    private static func name(_ value: String) -> [ValueFault.Kind] {
        let groups = value.utf8.split(separator: 0x3D, omittingEmptySubsequences: false)
        let components = groups.map { group in group.count { $0 == 0x5E } + 1 }
        return (groups.count > 3 ? [.tooManyGroups] : []) + (components.contains { $0 > 5 } ? [.tooManyComponents] : [])
    }
}
