import DICOMCore
import DICOMPixels
import Testing

@testable import Deidentification

@Suite struct `Rules for pixels` {
    @Test(arguments: [
        ("GE MEDICAL SYSTEMS", "*ge*", true), ("LOGIQ9", "LOGIQ?", true), ("LOGIQE9", "LOGIQ?", false), ("", "*", true),
        ("", "?", false), ("abcabd", "*abd", true), ("abcabd", "*abc", false), ("a", "", false), ("", "", true),
        ("xaybz", "x*y*z", true),
    ]) func `a pattern covers a whole value`(value: String, pattern: String, isCovered: Bool) {
        #expect(PixelRulePattern.matches(value, pattern) == isCovered)
    }

    @Test func `all attributes must match, each with one of its patterns`() {
        let rule = PixelRule(
            name: "x",
            when: [.modality: ["US"], .rows: ["480", "64"], .imageType: ["SECONDARY"]],
            [.exclude("")]
        )
        let header = PixelFixture.header([.text(.imageType, .cs, ["DERIVED", "SECONDARY"])])
        var other = header
        other.set(.unsignedShort(.rows, 65))

        #expect(rule.matches(header))
        #expect(!rule.matches(other))
        #expect(!rule.matches(PixelFixture.header()))
    }

    @Test func `a rule file is read`() throws {
        let file = PixelRuleNode.mapping(
            [
                PixelRuleEntry("defaults", .text("false", line: 1)),
                PixelRuleEntry(
                    "rules",
                    .list(
                        [
                            .mapping(
                                [
                                    PixelRuleEntry("name", .text("Head", line: 3)),
                                    PixelRuleEntry(
                                        "when",
                                        .mapping(
                                            [
                                                PixelRuleEntry("modality", .text("US", line: 4)),
                                                PixelRuleEntry(
                                                    "sop-class",
                                                    .list([.text("1.2", line: 5), .text("1.3", line: 5)], line: 5)
                                                ),
                                            ],
                                            line: 4
                                        )
                                    ),
                                    PixelRuleEntry(
                                        "black-out",
                                        .list(
                                            [.list(["0", "1", "20", "30"].map { .text($0, line: 6) }, line: 6)],
                                            line: 6
                                        )
                                    ),
                                    PixelRuleEntry("text", .text("search", line: 7)),
                                ],
                                line: 3
                            )
                        ],
                        line: 2
                    )
                ),
            ],
            line: 1
        )

        let rules = try PixelRules(file: file)

        #expect(
            rules.rules == [
                PixelRule(
                    name: "Head",
                    when: [.modality: ["US"], .sopClass: ["1.2", "1.3"]],
                    [.blackOut([PixelRectangle(x: 0, y: 1, width: 20, height: 30)]), .searchText(true)]
                )
            ]
        )
    }

    @Test(arguments: ["name", "colour", "black-out", "exclude"]) func `an error tells the line`(key: String) {
        // No action; an unknown key; no rectangle; a list in place of a reason.
        let value: PixelRuleNode =
            switch key {
            case "black-out": .list([.list([.text("1", line: 9)], line: 9)], line: 9)
            case "exclude": .list([], line: 9)
            default: .text("x", line: 9)
            }
        let file = PixelRuleNode.mapping(
            [PixelRuleEntry("rules", .list([.mapping([PixelRuleEntry(key, value)], line: 9)], line: 9))],
            line: 1
        )

        let error = #expect(throws: PixelRuleError.self) { try PixelRules(file: file) }

        #expect(error?.line == 9)
    }

    @Test func `an identifier is found with the errors of reading`() {
        let matcher = IdentifierMatcher(["Müller^Hans Peter", "PID 4711-0815", "19570314", "Li"])

        #expect(matcher.matches("MULLER"))
        #expect(matcher.matches("MULLFR"))
        #expect(matcher.matches("Name:HANS"))
        #expect(matcher.matches("47I1-O8l5"))
        #expect(matcher.matches("1957O314"))
        #expect(!matcher.matches("LIVER"))
        #expect(!matcher.matches("HEAD"))
        #expect(!matcher.matches("12"))
    }

    @Test(
        arguments: [
            ("US", "ORIGINAL", nil, true), ("CT", "ORIGINAL", nil, false), ("CT", "DERIVED", nil, true),
            ("CT", "ORIGINAL", "YES", true), ("US", "ORIGINAL", "NO", true), ("SEG", "DERIVED", nil, false),
            ("ABC", "ORIGINAL", nil, true),
        ] as [(String, String, String?, Bool)]
    ) func `text is looked for where it may be`(
        modality: String,
        kind: String,
        burnedIn: String?,
        isDue: Bool
    ) {
        var header = DataSet([.text(.modality, .cs, modality), .text(.imageType, .cs, [kind, "PRIMARY"])])
        if let burnedIn { header.set(.text(.burnedInAnnotation, .cs, burnedIn)) }

        #expect((TextSearch(header, rules: [], settings: PixelCleaningSettings()) == .due) == isDue)
    }

    @Test(
        arguments: [
            ("CT", "CHEST", "Thorax", nil), ("CT", "", "Thorax", "tell"), ("MR", "BRAIN", "", "named"),
            ("MR", "KNEE", "head coil", "named"),
            ("CR", "SKULL", "", nil), ("XC", "HAND", "", nil), ("XC", "", "", "tell"), ("US", "HEAD", "", nil),
        ] as [(String, String, String, String?)]
    ) func `what may show a face stays`(
        modality: String,
        part: String,
        description: String,
        reason: String?
    ) {
        let header = DataSet([
            .text(.modality, .cs, modality), .text(.bodyPartExamined, .cs, part),
            .text(.seriesDescription, .lo, description),
        ])
        let found = FaceRule.reason(header, rules: [])

        #expect((found == nil) == (reason == nil))
        if let reason { #expect(found?.contains(reason) == true) }
        let rule = PixelRule(name: "x", when: [:], [.allowFaces])
        #expect(FaceRule.reason(header, rules: [rule]) == nil)
    }
}
