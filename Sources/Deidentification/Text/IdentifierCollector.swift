import DICOMCore
import NIOCore

/// Walks over a Data Set and takes the values that identify somebody.
struct IdentifierCollector {
    private(set) var identifiers: [SubjectIdentifiers.Identifier] = []

    /// A Data Set that is still to be read, and what is around it.
    private struct Place {
        let dataSet: DataSet
        let characterSet: SpecificCharacterSet
        /// What codes and ids in it are, because a sequence around it says so.
        let kind: IdentifierKind?
    }

    /// What the values of an element are.
    private struct Meaning {
        let kind: IdentifierKind
        let concept: ProfiledElement.Concept?
    }

    /// Bytes of a private or unknown value that may be a name.
    private static let nameLength = 1_024

    /// Takes all values of a Data Set and what is nested in it.
    mutating func collect(_ dataSet: DataSet) {
        // A list of what is left instead of recursion: the nesting comes from outside.
        var places = [Place(dataSet: dataSet, characterSet: .ascii, kind: nil)]
        while let place = places.popLast() {
            let characterSet = place.dataSet.specificCharacterSet(inheriting: place.characterSet)
            let concept = ContentItem.concept(of: place.dataSet)
            let ofConcept = Self.kind(ofConceptOf: place.dataSet)
            for element in place.dataSet.elements {
                if let kind = kind(of: element, concept: ofConcept, inherited: place.kind) {
                    let isValue = concept?.isValue(element.tag) == true
                    take(element, Meaning(kind: kind, concept: isValue ? concept : nil), characterSet)
                }
                let inner = IdentifyingAttributes.kind(inside: element.tag) ?? place.kind
                for item in element.items.reversed() {
                    places.append(Place(dataSet: item, characterSet: characterSet, kind: inner))
                }
            }
        }
    }

    /// What the name of a content item says about its text, also where it does not say in whose scheme.
    private static func kind(ofConceptOf item: DataSet) -> IdentifierKind? {
        guard let name = item.items(.conceptNameCodeSequence).first,
            let code = name.string(.codeValue) ?? name.string(.longCodeValue)
        else { return nil }
        return IdentifyingAttributes.kind(ofConcept: code)
    }

    private func kind(
        of element: DataElement,
        concept: IdentifierKind?,
        inherited: IdentifierKind?
    ) -> IdentifierKind? {
        if let kind = IdentifyingAttributes.kind(of: element.tag, element.vr) {
            // The standard's dictionary does not hold for private elements, but the VR does.
            return element.tag.isPrivate && element.vr == .ur ? nil : kind
        }
        if element.tag == .textValue, let concept { return concept }
        if let inherited, IdentifyingAttributes.inheriting.contains(element.tag) { return inherited }
        guard element.tag.isPrivate, !element.tag.isPrivateCreator else { return nil }
        switch element.vr {
        case .un, .lo, .sh, .st, .lt, .ut, .uc: return Self.looksLikeName(element) ? .personName : nil
        default: return nil
        }
    }

    /// Whether a private value is short, has a caret between two parts, and letters.
    private static func looksLikeName(_ element: DataElement) -> Bool {
        guard let bytes = element.bytes?.readableBytesView, (3...nameLength).contains(bytes.count),
            let caret = bytes.firstIndex(of: 0x5E), caret > bytes.startIndex,
            bytes.allSatisfy({ $0 >= 0x20 || $0 == 0x1B || $0 == 0 })
        else { return false }
        return bytes.contains { (0x41...0x5A).contains($0 & 0xDF) || $0 >= 0x80 }
    }

    private mutating func take(_ element: DataElement, _ meaning: Meaning, _ characterSet: SpecificCharacterSet) {
        guard let bytes = element.bytes, bytes.readableBytes > 0 else { return }
        let kind = meaning.kind
        // Unknown values are read as what they are taken for.
        let vr: VR = element.vr == .un ? (kind == .personName || kind == .patientName ? .pn : .lo) : element.vr
        let readable = DataElement(tag: element.tag, vr: vr, value: element.value)
        let decoded = readable.decodedStrings(characterSet)
        let view = bytes.readableBytesView
        let isASCII = view.allSatisfy { $0 < 0x80 && $0 != 0x1B }
        let written = isASCII ? [] : Self.parts(view, vr)
        for (place, value) in decoded.values.enumerated() {
            add(value, meaning, element.tag, written.count == decoded.values.count ? written[place] : nil)
        }
        guard !isASCII, !decoded.isExact || characterSet == .ascii else { return }
        // The Data Set does not say, or says wrongly, in which characters it is written: what devices mean then.
        for other in [SpecificCharacterSet.utf8, SpecificCharacterSet(terms: ["ISO_IR 100"])] {
            let again = readable.decodedStrings(other)
            guard again.isExact else { continue }
            for value in again.values { add(value, meaning, element.tag, nil) }
        }
    }

    private mutating func add(_ value: String, _ meaning: Meaning, _ tag: Tag, _ written: [UInt8]?) {
        guard !value.isEmpty else { return }
        if meaning.kind == .uid, UID(value).map({ WellKnownUID.contains($0) }) == true { return }
        identifiers.append(
            .init(kind: meaning.kind, tag: tag, text: value, writtenBytes: written, concept: meaning.concept)
        )
    }

    /// The bytes of each value, without padding.
    ///
    /// A second byte of a character may be a backslash; then the parts do not match the values and are not used.
    private static func parts(_ bytes: ByteBufferView, _ vr: VR) -> [[UInt8]] {
        let parts =
            vr.separatesValuesByBackslash
            ? bytes.split(separator: 0x5C, omittingEmptySubsequences: false).map { Array($0) } : [Array(bytes)]
        return parts.map { part in
            var part = part[...]
            while let last = part.last, last == 0x20 || last == 0 { part.removeLast() }
            while let first = part.first, first == 0x20 || first == 0 { part.removeFirst() }
            return Array(part)
        }
    }
}
