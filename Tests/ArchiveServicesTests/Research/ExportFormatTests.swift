import NIOCore
import Platform
import Testing

@testable import ArchiveServices

@Suite struct `The records of a ZIP file` {
    private func entry(length: UInt64 = 5, offset: UInt64 = 0) -> ZIPFormat.Entry {
        ZIPFormat.Entry(ExportedFile(path: "a/b.dcm", length: length, crc32: 0x1234_5678), offset: offset)
    }

    private func integer<Value: FixedWidthInteger>(_ bytes: ByteBuffer, at index: Int, as type: Value.Type) -> Value? {
        bytes.getInteger(at: bytes.readerIndex + index, endianness: .little, as: type)
    }

    @Test func `a short file stands behind its lengths, at the first time that ZIP knows`() {
        let header = ZIPFormat.localHeader(entry())

        #expect(header.readableBytes == 30 + 7)
        #expect(integer(header, at: 0, as: UInt32.self) == 0x0403_4B50)
        #expect(integer(header, at: 4, as: UInt16.self) == 20)
        #expect(integer(header, at: 6, as: UInt16.self) == 0)
        #expect(integer(header, at: 8, as: UInt16.self) == 0)
        #expect(integer(header, at: 10, as: UInt16.self) == 0)
        #expect(integer(header, at: 12, as: UInt16.self) == 0x21)
        #expect(integer(header, at: 14, as: UInt32.self) == 0x1234_5678)
        #expect(integer(header, at: 18, as: UInt32.self) == 5)
        #expect(integer(header, at: 22, as: UInt32.self) == 5)
        #expect(integer(header, at: 26, as: UInt16.self) == 7)
        #expect(integer(header, at: 28, as: UInt16.self) == 0)
        #expect(entry().storedLength == 30 + 7 + 5)
    }

    @Test(arguments: [(UInt64(0xFFFF_FFFE), false), (0xFFFF_FFFF, true), (5_000_000_000, true)])
    func `a length that 32 bits cannot hold stands in the ZIP64 record`(length: UInt64, isLong: Bool) {
        let local = ZIPFormat.localHeader(entry(length: length))
        let central = ZIPFormat.centralHeader(entry(length: length))

        #expect(local.readableBytes == 37 + (isLong ? 20 : 0))
        #expect(central.readableBytes == 53 + (isLong ? 20 : 0))
        #expect(integer(local, at: 18, as: UInt32.self) == (isLong ? .max : UInt32(length)))
        #expect(integer(local, at: 4, as: UInt16.self) == (isLong ? 45 : 20))
        if isLong {
            #expect(integer(local, at: 37, as: UInt16.self) == 1)
            #expect(integer(local, at: 39, as: UInt16.self) == 16)
            #expect(integer(local, at: 41, as: UInt64.self) == length)
            #expect(integer(local, at: 49, as: UInt64.self) == length)
            #expect(integer(central, at: 57, as: UInt64.self) == length)
        }
        #expect(entry(length: length).storedLength == UInt64(local.readableBytes) + length)
    }

    @Test(arguments: [(UInt64(0xFFFF_FFFE), false), (0xFFFF_FFFF, true)])
    func `a place that 32 bits cannot hold stands in the ZIP64 record of the directory alone`(
        offset: UInt64,
        isFar: Bool
    ) {
        let central = ZIPFormat.centralHeader(entry(offset: offset))

        #expect(central.readableBytes == 53 + (isFar ? 12 : 0))
        #expect(integer(central, at: 20, as: UInt32.self) == 5)
        #expect(integer(central, at: 42, as: UInt32.self) == (isFar ? .max : UInt32(offset)))
        if isFar { #expect(integer(central, at: 57, as: UInt64.self) == offset) }
        #expect(ZIPFormat.localHeader(entry(offset: offset)).readableBytes == 37)
    }

    @Test(arguments: [(UInt64(65_534), UInt64(100), false), (65_535, 100, true), (1, 0xFFFF_FFFF, true)])
    func `many files or a far directory get the ZIP64 end`(count: UInt64, offset: UInt64, isLong: Bool) {
        let end = ZIPFormat.end(count: count, directoryOffset: offset, directoryLength: 60)

        #expect(end.readableBytes == 22 + (isLong ? 56 + 20 : 0))
        let last = end.readableBytes - 22
        #expect(integer(end, at: last, as: UInt32.self) == 0x0605_4B50)
        #expect(integer(end, at: last + 10, as: UInt16.self) == UInt16(clamping: count))
        if isLong {
            #expect(integer(end, at: 0, as: UInt32.self) == 0x0606_4B50)
            #expect(integer(end, at: 32, as: UInt64.self) == count)
            #expect(integer(end, at: 48, as: UInt64.self) == offset)
            #expect(integer(end, at: 56, as: UInt32.self) == 0x0706_4B50)
            #expect(integer(end, at: 64, as: UInt64.self) == offset + 60)
        }
    }

    @Test func `the sum of known bytes is that of the standard, in one piece or in many`() {
        let bytes = ByteBuffer(string: "123456789")

        #expect(CRC32.update(0, bytes) == 0xCBF4_3926)
        let pieces = bytes.readableBytesView.map { ByteBuffer(bytes: [$0]) }
        #expect(pieces.reduce(0) { CRC32.update($0, $1) } == 0xCBF4_3926)
        #expect(CRC32.update(7, ByteBuffer()) == 7)
    }
}

@Suite struct `Cells of an export's tables` {
    @Test(arguments: ["=cmd|' /C calc'!A0", "+A1", "-1+A1", "-", "@SUM(A1)", "\t=1", "'quoted"])
    func `what a spreadsheet would run is guarded, and read back as it was`(text: String) {
        let line = CSVText.line([text, "plain"])

        #expect(line.utf8.first == UInt8(ascii: "'") || line.hasPrefix("\"'"))
        #expect(CSVText.cells(String(line.dropLast())) == [text, "plain"])
    }

    @Test(arguments: ["-1", "+1.5e3", "-1\\0\\0"]) func `numbers stay numbers`(text: String) {
        #expect(CSVText.line([text]) == text + "\r\n")
    }

    @Test func `commas, quotes and accents behind quotes stay in their cells`() {
        let cells = ["a,b", "say \"x\"", "\"\u{301}", "", "1.2.3"]

        #expect(CSVText.line(cells) == "\"a,b\",\"say \"\"x\"\"\",\"\"\"\u{301}\",,1.2.3\r\n")
        #expect(CSVText.cells(String(CSVText.line(cells).dropLast())) == cells)
        #expect(CSVText.cells("\"open") == nil)
    }

    @Test func `rows are read back as they were written`() {
        let object = ExportRow.Object(
            subject: "P-1",
            path: "P-1/2.25.1/2.25.2/2.25.3.dcm",
            sha256: [1, 2, 255],
            crc32: .max,
            length: 5_000_000_000,
            sopClassUID: "1.2",
            transferSyntaxUID: "1.2.840.10008.1.2.1",
            studyInstanceUID: "2.25.1",
            seriesInstanceUID: "none",
            sopInstanceUID: "2.25.3"
        )
        let stays = ExportRow.Quarantined(subject: "-x", sopInstanceUID: "2.25.4", code: "leak", reason: "a, \"b\"")

        for row in [ExportRow.object(object), .quarantined(stays)] {
            #expect(ExportRow(line: String(row.line.dropLast())) == row)
        }
        #expect(ExportRow(line: "O,1,2") == nil)
    }

    @Test func `the state of an export is read back as it was kept`() {
        var state = ExportState()
        state.phase = .finishing
        state.position = 77
        state.journalLength = 5_000_000_000
        state.last = ExportState.Place(patientID: "müller, \"x\"", issuer: "", studyInstanceUID: "1.2")
        state.made = Timestamp(microseconds: 1_700_000_000_000_001)
        state.tally.objects = 3
        state.tally.bytes = 9
        state.tally.changed = 1
        state.tally.quarantined = ["leak": 2, "pixels": 1]
        state.tally.actions = [ExportTally.Action(path: "00400275 > 00100010", action: "X", reason: "profile"): 4]

        #expect(ExportState(state.encoded) == state)
        #expect(ExportState([]) == ExportState())
        #expect(ExportState(Array("something else".utf8)) == ExportState())
    }

    @Test(arguments: ["", "/a", "a//b", "../a", "a/.hidden", "a b", "ä", "a/", String(repeating: "a", count: 256)])
    func `no name leads out of the export`(text: String) {
        #expect(ExportName(text) == nil)
    }

    @Test func `what was asked for is read back`() {
        let parameters = ExportParameters(project: "P", query: "Modality=CT", destination: "/a b")

        #expect(parameters.encoded.flatMap { ExportParameters($0) } == parameters)
        #expect(ExportParameters(project: "P", query: "", destination: "/a").query == nil)
        #expect(ExportParameters(project: "P", query: "a\nb", destination: "/a").encoded == nil)
        for headers in [nil, HeaderTable.csv] {
            let again = ExportParameters(
                project: "P",
                query: nil,
                destination: "/a",
                headers: headers,
                sendsAgain: true
            )
            #expect(again.encoded.flatMap { ExportParameters($0) } == again)
        }
        #expect(ExportParameters(Array("export 1\nP\n\n/out\n\nonce".utf8)) == nil)
        #expect(ExportParameters([]) == nil)
    }
}
