import DICOMCore
import Testing

@testable import Deidentification

/// Compares with tables of the standard where `CASSETTE_STANDARD_TABLES` names the folder that has them.
@Suite(
    .enabled(
        if: CommaSeparated.folder != nil,
        "CASSETTE_STANDARD_TABLES names no folder with the tables of the standard"
    )
)
struct `The tables of the standard` {
    private func key(_ tag: String) -> String {
        tag.contains("odd") ? "private" : tag.filter { !"(),".contains($0) }
    }

    private func tag(_ digits: String) throws -> DICOMCore.Tag {
        let tag = DICOMCore.Tag(hexadecimal: digits)
        return try #require(tag)
    }

    @Test func `Table E 1-1 has the same rows with the same actions`() throws {
        let columns = [
            "rtn_safe_priv", "rtn_uids", "rtn_dev_id", "rtn_inst_id", "rtn_pat_chars", "rtn_long_full",
            "rtn_long_modif", "clean_desc", "clean_struct", "clean_graph",
        ]
        var expected: [String: ActionRow] = [:]
        for row in try CommaSeparated("ps3.15-e1-1.csv").rows {
            let letters = columns.map { row[$0].flatMap { $0.isEmpty ? nil : $0 } ?? "-" }.joined()
            expected[key(row["tag"] ?? "")] = ActionRow(
                basic: Substring(row["basic"] ?? "").utf8,
                letters: Substring(letters).utf8,
                columns: AttributeActions.columns
            )
        }

        #expect(expected.count == 657)
        #expect(AttributeActions.rows == expected)
    }

    @Test func `each action of each attribute with each option alone is that of Table E 1-1`() throws {
        let columns: [(String, DeidentificationOption)] = Array(
            zip(
                [
                    "rtn_uids", "rtn_dev_id", "rtn_inst_id", "rtn_pat_chars", "rtn_long_full", "rtn_long_modif",
                    "clean_desc", "clean_struct", "clean_graph",
                ],
                AttributeActions.columns.dropFirst()
            )
        )
        let plain: [String: AttributeAction] = ["X": .remove, "Z": .empty, "D": .dummy, "U": .mapUID]
        var compared = 0
        for row in try CommaSeparated("ps3.15-e1-1.csv").rows {
            // What stands for several tags is one of them here; groups below 0008 have no place in a Data Set.
            let digits = key(row["tag"] ?? "").replacing("xxxxxx", with: "000010").replacing("x", with: "0")
            guard let tag = DICOMCore.Tag(hexadecimal: digits), tag.group >= 8 else { continue }
            let element = ProfiledElement(tag: tag, vr: .lo, sopClassUID: nil)
            for (column, option) in columns {
                let letter = row[column] ?? ""
                let basic = plain[row["basic"] ?? ""]
                guard let expected = letter == "K" ? .keep : letter == "C" ? .clean : basic else { continue }
                let profile = try DeidentificationProfile(options: [option])
                #expect(profile.action(for: element) == expected, "\(tag) with \(option)")
                compared += 1
            }
        }

        #expect(compared == 5487)
    }

    @Test func `compound actions are resolved by the types of the attributes in each IOD`() throws {
        let profile = try DeidentificationProfile()
        let actions: [String: AttributeAction] = ["X": .remove, "Z": .empty, "D": .dummy, "U": .mapUID]
        var compared = 0
        for row in try CommaSeparated("iod-compound-types.csv").rows {
            let element = ProfiledElement(
                tag: try tag(key(row["tag"] ?? "")),
                vr: .lo,
                path: (row["path"] ?? "").split(separator: ">").compactMap {
                    DataElementDictionary.tag(forKeyword: $0)
                },
                sopClassUID: UID(row["sop_class"] ?? "")
            )
            let action = profile.action(for: element)
            #expect(action == actions[row["resolved"] ?? ""], "\(row)")
            compared += 1
        }

        #expect(compared == 9408)
    }

    @Test func `Table E 3-4-1 has the same concepts with the same actions`() throws {
        let columns = [
            "Rtn. UIDs Opt.", "Rtn. Dev. Id. Opt.", "Rtn. Inst. Id. Opt.", "Rtn. Pat. Chars. Opt.",
            "Rtn. Long. Full Dates Opt.", "Rtn. Long. Modif. Dates Opt.", "Clean Desc. Opt.",
        ]
        var expected: [ConceptActions.Key: ActionRow] = [:]
        for row in try CommaSeparated("ps3.15-e3.4-1.csv").rows {
            let letters = columns.map { row[$0].flatMap { $0.isEmpty ? nil : $0 } ?? "-" }.joined()
            let key = ConceptActions.Key(
                code: row["Code Value"] ?? "",
                scheme: row["Coding Scheme Designator"] ?? "",
                valueType: row["Value Type"] ?? ""
            )
            expected[key] = ActionRow(
                basic: Substring(row["Basic Prof."] ?? "").utf8,
                letters: Substring(letters).utf8,
                columns: ConceptActions.columns
            )
        }

        #expect(expected.count == 214)
        #expect(ConceptActions.rows == expected)
    }

    @Test func `Table E 3-10-1 has the same private elements`() throws {
        var expected: Set<String> = []
        for row in try CommaSeparated("ps3.15-e3.10-1.csv").rows {
            let creator = row["Private Creator"] ?? ""
            let digits = key(row["Data Element"] ?? "").replacing("xx", with: "10")
            let tag = try tag(digits)
            expected.insert("\(creator) \(tag)")
            #expect(SafePrivateElements.contains(tag, creator: creator))
            #expect(SafePrivateElements.vr(of: tag, creator: creator) == VR(name: row["VR"] ?? ""))
        }

        #expect(expected.count == 479)
        #expect(SafePrivateElements.count == 479)
    }
}
