import DICOMCore
import NIOCore
import Testing

@testable import Deidentification

/// One object with every attribute of Table E.1-1, by which the engine is held to the table.
private enum Everything {
    static let words = "Doe Jane, Thorax"

    /// The attributes of the table that may stand in a Data Set, overlays and curves aside.
    static let tags: [DICOMCore.Tag] = AttributeActions.rows.keys
        .compactMap { DICOMCore.Tag(hexadecimal: $0) }
        .filter { $0.group >= 8 && !RequiredAttributes.tags.contains($0) }
        .filter { $0 != .sopInstanceUID && $0 != .encapsulatedDocument }
        .sorted()

    /// An element with a value that tells who the patient is, if its Value Representation can.
    static func element(_ tag: DICOMCore.Tag) -> DataElement {
        let vr = DataElementDictionary.vr(of: tag) ?? .lo
        switch vr {
        case .sq: return .sequence(tag, [DummyValue.code("Doe", "99X", words)])
        case .ae, .cs: return .text(tag, vr, "THORAX")
        case .as: return .text(tag, vr, "045Y")
        case .da: return .text(tag, vr, "19991231")
        case .tm: return .text(tag, vr, "112233")
        case .dt: return .text(tag, vr, "19991231112233")
        case .ds, .is: return .text(tag, vr, "42")
        case .ui: return .text(tag, vr, "1.2.3.77")
        case .pn: return .text(tag, vr, "Doe^Thorax")
        case .lo, .lt, .sh, .st, .uc, .ur, .ut: return .text(tag, vr, words)
        default: return DataElement(tag: tag, vr: vr, value: .bytes(ByteBuffer(string: "Doe Jane")))
        }
    }

    static func options(_ option: DeidentificationOption?) -> Set<DeidentificationOption> {
        option.map { [$0] } ?? []
    }
}

@Suite struct `Every attribute of Table E 1-1` {
    /// IODs in which attributes are of type 1, 2 and 3, and one that nobody knows.
    static let classes = [
        "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.88.22",
        "1.2.840.10008.5.1.4.1.1.481.3", "1.2.840.10008.5.1.4.1.1.104.1", "1.2.3",
    ]

    @Test(arguments: [nil] + DeidentificationOption.allCases.map(Optional.some), classes)
    func `becomes what the profile says, with each option`(
        option: DeidentificationOption?,
        sopClass: String
    ) throws {
        let sopClassUID = try UID(sopClass).orThrow()
        let profile = try DeidentificationProfile(options: Everything.options(option))
        let file = try Journey.file(Everything.tags.map { Everything.element($0) }, sopClassUID: sopClassUID)
        let object = try Deidentifier(profile: profile).transform(
            Journey.survey(file),
            pseudonyms: Journey.pseudonyms(profile.datePolicy()),
            texts: Journey.texts
        )

        for tag in Everything.tags {
            let original = Everything.element(tag)
            let element = ProfiledElement(tag: tag, vr: original.vr, sopClassUID: sopClassUID)
            let problem = problem(profile.action(for: element), original, object.header[tag])
            #expect(problem == nil, "\(tag) with \(option?.rawValue ?? "no option") in \(sopClass)")
        }
        #expect(Everything.tags.count > 600)
    }

    /// What is wrong about what an element has become; `nil` for nothing.
    private func problem(_ action: AttributeAction, _ original: DataElement, _ result: DataElement?) -> String? {
        if let result, says(result, "Doe") { return "it still tells" }
        let isPseudonym: Set<DICOMCore.Tag> = [.patientID, .patientName, .accessionNumber, .clinicalTrialSubjectID]
        // Nobody can tell what a value of UN means, nor make another one: it goes.
        guard let result else {
            return action == .remove || action == .clean || original.vr == .un ? nil : "it is gone"
        }
        switch action {
        case .remove: return "it is there"
        case .empty:
            guard !isPseudonym.contains(original.tag) else { return nil }
            return result.items.isEmpty && result.bytes?.readableBytes ?? 0 == 0 ? nil : "it has a value"
        case .dummy:
            if original.vr == .sq { return result.items.isEmpty ? "it is empty" : nil }
            return result.bytes?.readableBytes ?? 0 > 0 && result != original ? nil : "it has no other value"
        case .mapUID:
            if original.vr == .sq { return result.items.count == 1 ? nil : "its items are gone" }
            return result.strings(.ascii) == [Journey.pseudonyms.uid(UID(literal: "1.2.3.77")).string]
                ? nil : "not mapped"
        case .keep:
            if original.vr == .sq { return result.items.count == 1 ? nil : "its items are gone" }
            return original.vr.isText && says(original, "Doe") || result == original ? nil : "it is another"
        case .clean: return nil
        }
    }

    private func says(_ element: DataElement, _ word: String) -> Bool {
        if element.items.contains(where: { $0.elements.contains { says($0, word) } }) { return true }
        // Numbers and bytes have no letters, whatever a test puts in them.
        guard element.vr.isText, let bytes = element.bytes else { return false }
        return String(decoding: bytes.readableBytesView, as: UTF8.self).contains(word)
    }
}

extension Optional {
    fileprivate func orThrow() throws -> Wrapped { try #require(self) }
}
