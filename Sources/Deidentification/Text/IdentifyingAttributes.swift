import DICOMCore

/// Which attributes identify somebody, and as what.
///
/// Names, dates and AE titles are told by their VR; the tables have the rest: the attributes of PS3.15 Table E.1-1 whose
/// values are unique to a person, a visit, an institution or a device. Descriptions and comments are not among them: they
/// are cleaned of identifiers, but they are none.
enum IdentifyingAttributes {
    /// What the attribute's values are; `nil` when they identify nobody.
    static func kind(of tag: Tag, _ vr: VR) -> IdentifierKind? {
        switch vr {
        case .pn: return patientNames.contains(tag) ? .patientName : .personName
        case .da, .dt:
            if tag == .patientBirthDate { return .birthDate }
            return versions.contains(tag) ? nil : .date
        case .ui: return uids.contains(tag) ? .uid : nil
        case .ur: return .address
        case .ae: return .applicationEntity
        case .lo, .sh, .st, .lt, .ut, .uc, .un, .cs: return texts[tag]
        default: return nil
        }
    }

    /// What codes, names and ids inside of a sequence are, when the sequence says so.
    static func kind(inside sequence: Tag) -> IdentifierKind? { sequences[sequence] }

    /// Attributes that are what their sequence is.
    static let inheriting = tags(
        "00080100 00080104 00080119 00080120 00400031 00400032 00400039 00080115 00100020 00100021"
    )

    /// What the text of a content item is, by the code of its concept (PS3.16 Annex D).
    static func kind(ofConcept code: String) -> IdentifierKind? { concepts[code] }

    private static let patientNames = tags("00100010 00100012 00101001 00101005")

    /// Context Group Version and Local Version, Coding Scheme and UDI dates: when a table was made.
    private static let versions = tags("00080106 00080107 0040DB06 0040DB07")

    /// Action U of Table E.1-1, and Affected SOP Instance UID.
    private static let uids = tags(
        """
        00001000 00001001 00020003 00041511 00080014 00080017 00080018 00080019 00080058 00081155 00081195 00083010
        00181002 0018100B 00182042 0020000D 0020000E 00200052 00200200 00209161 00209164 00281199 00281214 003A0310
        00400554 00404023 0040A124 0040A171 0040A172 0040A402 0040DB0C 0040DB0D 00620021 00640003 0070031A 00701101
        00701102 00880140 04000100 30060024 300600C2 300A0013 300A0054 300A0083 300A0609 300A0650 300A0700 300A0785
        30100006 3010000B 30100013 30100015 30100031 3010003B 3010006E 3010006F 006A0003
        """
    )

    private static let texts: [Tag: IdentifierKind] = table([
        (.patientID, "00100020 00101000 00101090 00120040 00120042"),
        (.patientName, "00100012"),
        (
            .identifier,
            """
            00080050 00200010 00380010 00380060 00400009 00401001 00400253 00401006 00401007 00402006 00402007 00402016
            00402017 0040050A 00400512 00400551 004006FA 00101050 00120071 00120082 40080040 40080200 0040E001 00880130
            22000005 30100043
            """
        ),
        (
            .institution,
            """
            00080080 00081040 00100021 00102299 00120031 00120060 00380011 00380061 0038001E 00380300 00380400 00401005
            00402009 00404036 0040A027 00320012 00321020 00321033 00400011 00400243 00120032 00120041 00120043 40080042
            40080202 21000070
            """
        ),
        (.address, "00080081 00080092 00101040 00102152 00401102 0040A353 4008011A 00181803 0040E012"),
        (.telephone, "00080094 00102154 00102155 00401103 00401104 00402010 00402011 0040A354"),
        (
            .device,
            """
            00181000 00181003 00181004 00181005 00181007 00181008 00181009 00181010 00181011 0018700A 00189367 00189371
            00160051 00440012 0050001B 3010001B 30080105
            """
        ),
        (.station, "00081010 00400010 00400242 30020020 300A00B2"),
        (.personName, "0016004D 00402008 40080102 4008010A 4008010C 300A0161 21000160 00401010"),
    ])

    private static let sequences: [Tag: IdentifierKind] = table([
        (.institution, "00080082 00081041 00100024 00380014 00380064 00400513 00400562 00404027 00404030 00080051"),
        (
            .personName,
            "00080096 0008009D 00081049 00081052 00081062 00081072 0040000B 00401101 00401011 0040A088 00700086"
        ),
        (.patientID, "00101002 00100028"),
        (.station, "00404025 00404028"),
        (.identifier, "00380004"),
    ])

    private static let concepts: [String: IdentifierKind] = [
        "121030": .patientID, "121022": .identifier, "121020": .identifier, "121021": .identifier,
        "125010": .identifier, "128775": .identifier, "113871": .identifier, "121041": .identifier,
        "111700": .identifier, "111705": .identifier, "113516": .identifier, "113511": .identifier,
        "113512": .identifier, "113513": .identifier, "121013": .station, "113877": .station, "121193": .station,
        "110119": .applicationEntity, "121016": .device, "113880": .device, "121196": .device, "74711-3": .device,
        "121009": .institution, "113873": .institution, "121017": .institution, "121197": .institution,
        "121121": .institution, "121434": .institution, "122128": .institution, "110190": .institution,
        "111706": .institution, "111724": .institution, "113872": .institution, "128774": .personName,
        "121435": .personName,
    ]

    private static func tags(_ text: String) -> Set<Tag> {
        Set(text.split { $0 == " " || $0 == "\n" }.compactMap { Tag(hexadecimal: $0) })
    }

    private static func table(_ rows: [(IdentifierKind, String)]) -> [Tag: IdentifierKind] {
        Dictionary(
            rows.flatMap { kind, text in tags(text).map { ($0, kind) } },
            uniquingKeysWith: { first, _ in first }
        )
    }
}
