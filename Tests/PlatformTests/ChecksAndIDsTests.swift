import NIOCore
import Platform
import TestKit
import Testing

@Suite struct `CRC-32C` {
    @Test(
        arguments: [
            (bytes: [UInt8](repeating: 0, count: 32), value: 0x8A91_36AA),
            (bytes: [UInt8](repeating: 0xFF, count: 32), value: 0x62A8_AB43),
            (bytes: Array(0..<32), value: 0x46DD_794E),
            (bytes: (0..<32).reversed(), value: 0x113F_DB5C),
            (bytes: Array("123456789".utf8), value: 0xE306_9283),
            (bytes: [], value: 0),
        ] as [(bytes: [UInt8], value: UInt32)]
    )
    func `the values of RFC 3720 B.4 come out`(bytes: [UInt8], value: UInt32) {
        #expect(CRC32C.checksum(ByteBuffer(bytes: bytes)) == value)
    }

    @Test func `the size of the pieces makes no difference`() {
        let bytes = SeededRandomSource().bytes(1_000)
        var check = CRC32C()
        for start in stride(from: 0, to: 1_000, by: 13) {
            check.update(ByteBuffer(bytes: bytes[start..<min(start + 13, 1_000)]))
        }

        #expect(check.value == CRC32C.checksum(ByteBuffer(bytes: bytes)))
    }
}

@Suite struct `Hexadecimal and ids` {
    @Test func `digits of either case are read, lower case is written`() {
        #expect(Hex.encode([0x00, 0x9F, 0xAB]) == "009fab")
        #expect(Hex.decode("009FaB") == [0x00, 0x9F, 0xAB])
        #expect(Hex.decode("") == [])
        #expect(Hex.decode("0") == nil)
        #expect(Hex.decode("0g") == nil)
    }

    @Test func `an id keeps its bytes`() {
        let id = RandomID(random: SeededRandomSource())

        #expect(RandomID(hex: id.hex) == id)
        #expect(RandomID(bytes: id.bytes) == id)
        #expect(RandomID(high: 0x0102_0304_0506_0708, low: 9).hex == "01020304050607080000000000000009")
        #expect(RandomID(bytes: [1, 2, 3]) == nil)
        #expect(RandomID(hex: id.hex + "00") == nil)
        #expect(RandomID(high: 1, low: 0) > RandomID(high: 0, low: .max))
    }

    @Test func `secrets are compared over their whole length`() {
        #expect(ConstantTime.equal([1, 2, 3], [1, 2, 3]))
        #expect(ConstantTime.equal([UInt8](), []))
        #expect(!ConstantTime.equal([1, 2, 3], [1, 2, 4]))
        #expect(!ConstantTime.equal([1, 2, 3], [1, 2]))
    }
}
