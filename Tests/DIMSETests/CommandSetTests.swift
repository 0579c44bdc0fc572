import DICOMCore
import NIOCore
import Testing

@testable import DIMSE

@Suite struct `Command Sets` {
    /// C-ECHO-RQ, written by hand after PS3.7 9.3.5.1.
    private static let echo: [UInt8] =
        [0, 0, 0, 0, 4, 0, 0, 0, 56, 0, 0, 0]
        + [0, 0, 2, 0, 18, 0, 0, 0] + Array("1.2.840.10008.1.1\0".utf8)
        + [0, 0, 0, 1, 2, 0, 0, 0, 0x30, 0]
        + [0, 0, 0x10, 1, 2, 0, 0, 0, 5, 0]
        + [0, 0, 0, 8, 2, 0, 0, 0, 1, 1]

    private func decode(_ bytes: [UInt8]) throws(DIMSEError) -> CommandSet {
        try CommandSet(decoding: ByteBuffer(bytes: bytes))
    }

    @Test func `a command is read`() throws {
        let command = try decode(Self.echo)

        #expect(command.uid(.affectedSOPClassUID)?.string == "1.2.840.10008.1.1")
        #expect(command.unsignedShort(.commandField) == 0x30)
        #expect(command.unsignedShort(.messageID) == 5)
        #expect(command.unsignedShort(.commandDataSetType) == 0x101)
        #expect(command.unsignedShort(.status) == nil)
    }

    @Test func `a command is written with its group length, in order of tags`() throws {
        var command = CommandSet()
        command.set(.commandDataSetType, CommandField.noDataSet)
        command.set(.messageID, 5)
        command.set(.affectedSOPClassUID, UID(literal: "1.2.840.10008.1.1"))
        command.set(.commandField, CommandField.cEchoRQ)

        #expect(Array(command.encoded().readableBytesView) == Self.echo)
    }

    @Test func `a command cut at any byte is refused, or has less in it`() throws {
        let whole = try decode(Self.echo)

        for count in 0..<Self.echo.count {
            let result = Result { try decode(Array(Self.echo[..<count])) }
            if case .success(let command) = result { #expect(command != whole) }
        }
    }

    @Test func `a wrong group length is not believed`() throws {
        for length in [[0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF]] as [[UInt8]] {
            var bytes = Self.echo
            bytes.replaceSubrange(8..<12, with: length)
            #expect(try decode(bytes) == decode(Self.echo))
        }
    }

    @Test(arguments: [
        // Explicit VR; another group; a length beyond the end.
        [0, 0, 0, 0, 0x55, 0x4C, 4, 0, 56, 0, 0, 0] as [UInt8],
        [8, 0, 0, 0, 2, 0, 0, 0, 1, 1],
        [0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 1, 1],
        [0, 0, 0, 1, 3, 0, 0, 0, 1, 1],
    ])
    func `what is not Implicit VR elements of group 0000 is refused`(bytes: [UInt8]) {
        #expect(throws: DIMSEError(.commandInvalid)) { try decode(bytes) }
    }

    @Test func `no more elements are read than a command can have`() {
        let element = Message.short(0x700, 0)

        #expect(throws: Never.self) { try decode(Array(repeating: element, count: 64).flatMap { $0 }) }
        #expect(throws: DIMSEError.self) { try decode(Array(repeating: element, count: 65).flatMap { $0 }) }
    }
}
