import DICOMCore
import NIOCore

/// Values that say nothing and are valid all the same (action D of PS3.15 Table E.1-1a).
enum DummyValue {
    /// Stands for any text and name.
    static let text = "ANONYMIZED"
    /// Every text that a dummy may be.
    static let all: Set<String> = [
        text, text.lowercased(), "Anonymized", "000000", "19000101", "19000101000000", "000Y", "0", "2.25.0",
        "urn:oid:2.25.0", codingScheme, "COERCE",
    ]
    /// The scheme of dummy codes: schemes of one's own begin with 99 (PS3.16 8.2).
    static let codingScheme = "99CASSETTE"

    /// An element with a dummy value.
    ///
    /// - Parameter original: what stood there, for a dummy of the same form.
    static func element(_ tag: Tag, _ vr: VR, like original: String? = nil) -> DataElement {
        switch tag {
        case .codeValue: return .text(tag, vr, "000000")
        case .codingSchemeDesignator: return .text(tag, vr, codingScheme)
        // The one defined term that says that nobody tells (PS3.3 C.12.1.1.9).
        case .reasonForTheAttributeModification: return .text(tag, vr, "COERCE")
        default: break
        }
        switch vr {
        case .ae, .cs, .lo, .lt, .pn, .sh, .st, .uc, .ut: return .text(tag, vr, text)
        case .as: return .text(tag, vr, "000Y")
        case .da: return .text(tag, vr, "19000101")
        case .tm: return .text(tag, vr, "000000")
        case .dt: return .text(tag, vr, "19000101000000")
        case .ds, .is: return .text(tag, vr, "0")
        case .ui: return .text(tag, vr, "2.25.0")
        case .ur: return .text(tag, vr, "urn:oid:2.25.0")
        case .sq: return .empty(tag, vr)
        case .at, .fd, .fl, .ob, .od, .of, .ol, .ov, .ow, .sl, .ss, .sv, .ul, .un, .us, .uv:
            let length = max(2, vr == .at ? 4 : vr.wordLength)
            return DataElement(tag: tag, vr: vr, value: .bytes(ByteBuffer(repeating: 0, count: length)))
        }
    }

    /// Of which kind an identifier is that keeps apart what the original kept apart; `nil` where any dummy does.
    static func identifierKind(of tag: Tag, _ vr: VR) -> PseudonymKind? {
        switch tag {
        case .deviceSerialNumber, .detectorID, .xRaySourceID, .xRayDetectorID: return .device
        case .stationName: return .station
        case .containerIdentifier, .specimenIdentifier: return .specimen
        case .clinicalTrialSubjectReadingID: return .subject
        case .institutionName: return .institution
        default: return vr == .pn ? .person : nil
        }
    }

    /// The only content item of a document whose content is not told.
    static var contentItem: DataSet {
        DataSet([
            .text(.relationshipType, .cs, "CONTAINS"),
            .text(.valueType, .cs, "TEXT"),
            .sequence(.conceptNameCodeSequence, [code("121106", "DCM", "Comment")]),
            .text(.textValue, .ut, text),
        ])
    }

    /// The only annotation of a presentation state whose graphics are not told.
    static func graphicAnnotation(layer: String) -> DataSet {
        DataSet([
            .text(.graphicLayer, .cs, layer),
            .sequence(
                .textObjectSequence,
                [
                    DataSet([
                        .text(.unformattedTextValue, .st, text),
                        .float(.anchorPoint, 1, 1),
                        .text(.anchorPointVisibility, .cs, "N"),
                        .text(.anchorPointAnnotationUnits, .cs, "PIXEL"),
                    ])
                ]
            ),
        ])
    }

    /// A code.
    static func code(_ value: String, _ scheme: String, _ meaning: String) -> DataSet {
        DataSet([
            .text(.codeValue, .sh, value),
            .text(.codingSchemeDesignator, .sh, scheme),
            .text(.codeMeaning, .lo, meaning),
        ])
    }
}
