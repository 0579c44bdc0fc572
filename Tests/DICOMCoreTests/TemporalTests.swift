import DICOMCore
import Testing

@Suite struct `Dates, times and ages` {
    @Test(arguments: [("20260228", "20260228"), ("2026.02.28", "20260228"), ("20240229", "20240229")])
    func `dates are read, those of ACR-NEMA too`(_ text: String, _ string: String) {
        #expect(DICOMDate(text)?.string == string)
    }

    @Test(arguments: [
        "", "2026", "202602", "20260229", "20261301", "20260100", "2026.0228", "202602.28", "2026-02-28", "202602281",
        "２０２６０２２８",
    ])
    func `what no calendar has is no date`(_ text: String) {
        #expect(DICOMDate(text) == nil)
    }

    @Test func `no longer text than a range can have is looked at`() {
        let blanks = String(repeating: " ", count: 1_000)

        #expect(TemporalRange<DICOMDate>(String(repeating: "-", count: 1_000_000)) == nil)
        #expect(TemporalRange<DICOMDate>(blanks + "20260101-20260131" + blanks) != nil)
    }

    @Test(arguments: [
        ("10", "10"), ("1015", "1015"), ("101530", "101530"), ("101530.5", "101530.5"), ("10:15:30", "101530"),
        ("10:15", "1015"), ("235960", "235960"), ("101530.123456", "101530.123456"), ("10:15:30.25", "101530.25"),
    ])
    func `times keep their precision`(_ text: String, _ string: String) {
        #expect(DICOMTime(text)?.string == string)
    }

    @Test(arguments: [
        "", "1", "24", "1060", "101561", "101530.", "101530.1234567", "10.5", "10:", "10:1", "10153", "101530 ",
    ])
    func `what no clock shows is no time`(_ text: String) {
        #expect(DICOMTime(text) == nil)
    }

    @Test func `a time means all of its precision`() throws {
        let hour = try #require(DICOMTime("10"))
        let tenth = try #require(DICOMTime("101530.5"))

        #expect(hour.earliestMicrosecond == 36_000_000_000)
        #expect(hour.latestMicrosecond == 39_599_999_999)
        #expect(tenth.latestMicrosecond - tenth.earliestMicrosecond == 99_999)
    }

    @Test(arguments: [
        "2026", "202602", "20260228", "2026022810", "202602281015", "20260228101530", "20260228101530.123456",
        "2026-0500", "20260228+0530", "20260228101530.5-1200", "202602+1400", "2026+0000",
    ])
    func `dates with times have any precision and an offset`(_ text: String) {
        #expect(DICOMDateTime(text)?.string == text)
    }

    @Test(arguments: [
        "", "202", "20261", "202613", "20260230", "20260228101", "2026-1201", "2026+1401", "2026-0000", "2026-05",
        "2026-0560", "20260228.5", "2026-02-28", "2026022810:15", "2026-0500x",
    ])
    func `what is none is refused`(_ text: String) {
        #expect(DICOMDateTime(text) == nil)
    }

    @Test func `instants compare across offsets`() throws {
        let berlin = try #require(DICOMDateTime("20260228101530+0100"))
        let utc = try #require(DICOMDateTime("20260228091530"))
        let year = try #require(DICOMDateTime("2026"))

        // Seconds by `date -u -d '2026-02-28 09:15:30' +%s`, and of the first and last second of the year.
        #expect(berlin.earliestMicrosecond() == 1_772_270_130_000_000)
        #expect(utc.earliestMicrosecond() == berlin.earliestMicrosecond())
        #expect(utc.earliestMicrosecond(localOffset: 60) == 1_772_270_130_000_000 - 3_600_000_000)
        #expect(year.earliestMicrosecond() == 1_767_225_600_000_000)
        #expect(year.latestMicrosecond() == 1_798_761_599_999_999)
    }

    @Test(
        arguments: [
            ("20260101", "20260101", "20260101"), ("20260101-20261231", "20260101", "20261231"),
            ("-20261231", nil, "20261231"), ("20260101-", "20260101", nil), (" 20260101 - ", "20260101", nil),
            ("2026.01.01-2026.12.31", "20260101", "20261231"),
        ] as [(String, String?, String?)]
    )
    func `a range of dates has one open end at most`(_ text: String, _ from: String?, _ to: String?) throws {
        let range = try #require(TemporalRange<DICOMDate>(text))

        #expect(range.from?.string == from)
        #expect(range.to?.string == to)
    }

    @Test(
        arguments: [
            ("1990-0500", "1990-0500", "1990-0500"), ("1990-2005", "1990", "2005"), ("-1990-0500", nil, "1990-0500"),
            ("1990-0500-", "1990-0500", nil), ("1990-0500-2005-0500", "1990-0500", "2005-0500"),
            ("20260101-20261231+0100", "20260101", "20261231+0100"), ("1990-", "1990", nil), ("-2005", nil, "2005"),
        ] as [(String, String?, String?)]
    )
    func `a hyphen may be the sign of an offset`(_ text: String, _ from: String?, _ to: String?) throws {
        let range = try #require(TemporalRange<DICOMDateTime>(text))

        #expect(range.from?.string == from)
        #expect(range.to?.string == to)
    }

    @Test(arguments: ["", "-", "--", "20260101-x", "x-20260101", "20260101-20260102-20260103", "20260101--"])
    func `what is no range is refused`(_ text: String) {
        #expect(TemporalRange<DICOMDate>(text) == nil)
        #expect(TemporalRange<DICOMDateTime>(text) == nil)
    }

    @Test(arguments: [
        ("018M", 18, AgeString.Unit.months), ("3d", 3, .days), ("045Y", 45, .years), ("010W", 10, .weeks),
    ])
    func `ages are read`(_ text: String, _ count: Int, _ unit: AgeString.Unit) {
        #expect(AgeString(text) == AgeString(count, unit))
    }

    @Test(arguments: ["", "Y", "018", "0018Y", "018X", "18 Y", "-18Y"])
    func `what is no age is refused`(_ text: String) {
        #expect(AgeString(text) == nil)
    }
}
