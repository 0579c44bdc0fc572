import DICOMCoding
import DICOMCore
import NIOCore
import Testing

@Suite struct `Refusing a hostile Data Set` {
    private func nested(_ depth: Int, undefined: Bool) -> ByteBuffer {
        var bytes = Bytes()
        for level in 0..<depth {
            let inner = UInt32(depth - level - 1)
            // Each level inside adds a header of 12 bytes and an item of 8.
            bytes.explicit(0x0040_A730, "SQ", [], length: undefined ? Bytes.undefined : inner * 20 + 8)
            bytes.marker(Bytes.item, length: undefined ? Bytes.undefined : inner * 20)
        }
        if undefined {
            for _ in 0..<depth {
                bytes.marker(Bytes.itemEnd, length: 0)
                bytes.marker(Bytes.sequenceEnd, length: 0)
            }
        }
        return bytes.buffer
    }

    private func code(_ bytes: ByteBuffer, limits: DataSetLimits = DataSetLimits()) -> DataSetError.Code? {
        do throws(DataSetError) {
            _ = try tokens(bytes, limits: limits)
            return nil
        } catch {
            return error.code
        }
    }

    @Test(arguments: [true, false]) func `sequences may be nested 64 deep and no deeper`(undefined: Bool) {
        #expect(code(nested(64, undefined: undefined)) == nil)
        #expect(code(nested(65, undefined: undefined)) == .nestedTooDeep)
        #expect(code(nested(100_000, undefined: undefined)) == .nestedTooDeep)
    }

    @Test func `more elements than the limit are refused`() {
        var limits = DataSetLimits()
        limits.elementCount = 3
        var bytes = Bytes()
        for element in 1...3 { bytes.explicit(0x0010_0000 + UInt32(element), "LO", []) }

        #expect(code(bytes.buffer, limits: limits) == nil)
        bytes.explicit(0x0010_0020, "LO", [])
        #expect(code(bytes.buffer, limits: limits) == .tooManyElements)
    }

    @Test func `a value beyond the limit is refused before any byte of it has come`() {
        var limits = DataSetLimits()
        limits.valueLength = 1 << 20
        var bytes = Bytes()
        bytes.explicit(0x0008_0119, "UC", [], length: 0xFFFF_FFFE)
        var implicit = Bytes()
        implicit.implicit(0x0010_0010, [], length: (1 << 20) + 2)
        var decoder = DataSetDecoder(transferSyntax: .implicitVRLittleEndian, limits: limits)

        decoder.append(implicit.buffer)
        let error = #expect(throws: DataSetError.self) { try decoder.next() }

        #expect(error?.code == .lengthExceedsLimit)
        // Long text is bulk and needs no memory; the bytes are missing all the same.
        #expect(code(bytes.buffer, limits: limits) == .truncated)
    }

    @Test func `values in memory are limited together`() {
        var limits = DataSetLimits()
        limits.headerLength = 4
        var bytes = Bytes()
        bytes.text(0x0010_0020, "LO", "AB")
        bytes.text(0x0010_0030, "DA", "20")

        #expect(code(bytes.buffer, limits: limits) == nil)
        bytes.text(0x0010_0040, "CS", "M")
        #expect(code(bytes.buffer, limits: limits) == .tooMuchText)
    }

    @Test func `an item longer than its sequence is refused`() {
        var bytes = Bytes()
        bytes.explicit(0x0008_1140, "SQ", [], length: 16)
        bytes.marker(Bytes.item, length: 10)
        bytes.explicit(0x0008_0100, "SH", [0x41, 0x42])

        #expect(code(bytes.buffer) == .lengthExceedsParent)
    }

    @Test func `a value longer than its item is refused`() {
        var bytes = Bytes()
        bytes.explicit(0x0008_1140, "SQ", [], length: 16)
        bytes.marker(Bytes.item, length: 8)
        bytes.explicit(0x0008_0100, "SH", [], length: 2)

        #expect(code(bytes.buffer) == .lengthExceedsParent)
    }

    @Test func `a few bytes at the end of an item that hold no element are refused`() {
        var bytes = Bytes()
        bytes.explicit(0x0008_1140, "SQ", [], length: 12)
        bytes.marker(Bytes.item, length: 4)
        bytes.buffer.writeBytes([0, 0, 0, 0])

        #expect(code(bytes.buffer) == .lengthExceedsParent)
    }

    @Test func `delimiters in a wrong place are refused`() {
        var stray = Bytes()
        stray.marker(Bytes.itemEnd, length: 0)
        var extra = Bytes()
        extra.explicit(0x0008_1140, "SQ", [], length: 16)
        extra.marker(Bytes.item, length: 8)
        extra.marker(Bytes.itemEnd, length: 0)
        var missing = Bytes()
        missing.explicit(0x0008_1140, "SQ", [], length: Bytes.undefined)
        missing.marker(Bytes.item, length: Bytes.undefined)
        missing.marker(Bytes.sequenceEnd, length: 0)
        var foreign = Bytes()
        foreign.explicit(0x0008_1140, "SQ", [], length: Bytes.undefined)
        foreign.explicit(0x0010_0020, "LO", [])

        for bytes in [stray, extra, missing, foreign] {
            #expect(code(bytes.buffer) == .unexpectedDelimiter)
        }
    }

    @Test(arguments: ["OB", "UT", "UC"]) func `an undefined length is refused where no items can follow`(vr: String) {
        var bytes = Bytes()
        bytes.explicit(0x0009_1001, vr, [], length: Bytes.undefined)

        #expect(code(bytes.buffer) == .undefinedLengthNotAllowed)
    }

    @Test(arguments: ["??", "\0\0", "lo"])
    func `letters that are no Value Representation need a length that fits`(vr: String) {
        var bytes = Bytes()
        bytes.tag(0x0010_0010)
        bytes.buffer.writeString(vr)
        bytes.buffer.writeBytes([0x41, 0x5E, 0x42, 0x20, 0x41, 0x42])

        #expect(code(bytes.buffer) == .unknownValueRepresentation)
    }

    @Test func `of all pairs of bytes only Value Representations and bounded unknowns are read`() {
        for letters in UInt16.min...UInt16.max {
            var bytes = Bytes()
            bytes.text(0x0008_0060, "CS", "OT")
            bytes.tag(0x0021_1001)
            bytes.buffer.writeInteger(letters)
            // Two reserved bytes, or a length of 0 with two bytes of the next element; then a length of 2^32 - 2.
            bytes.buffer.writeBytes([0, 0, 0xFE, 0xFF, 0xFF, 0xFF])

            #expect(code(bytes.buffer) != nil, "\(letters)")
        }
    }

    @Test func `bytes behind padding are refused`() {
        var bytes = Bytes()
        bytes.text(0x0010_0020, "LO", "A")
        bytes.buffer.writeRepeatingByte(0, count: 12)
        bytes.text(0x0010_0030, "DA", "20260101")

        #expect(code(bytes.buffer) == .trailingBytes)
    }

    @Test func `an instance beyond the limit is refused`() {
        var limits = DataSetLimits()
        limits.instanceLength = 20
        limits.inflatedLength = 20
        var bytes = Bytes()
        bytes.explicit(0x7FE0_0010, "OB", [UInt8](repeating: 0, count: 8))

        #expect(code(bytes.buffer, limits: limits) == nil)
        bytes = Bytes()
        bytes.explicit(0x7FE0_0010, "OB", [UInt8](repeating: 0, count: 9))
        #expect(code(bytes.buffer, limits: limits) == .instanceTooLong)
    }

    @Test func `random bytes end in an error or in tokens and never in a trap`() {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        for round in 0..<3_000 {
            var bytes = Bytes()
            if round % 2 == 0 { bytes.identity() }
            for _ in 0..<40 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let mask: UInt32 = round % 3 == 0 ? 0x2020_FFFF : .max
                bytes.buffer.writeInteger(UInt32(truncatingIfNeeded: state >> 32) & mask)
            }
            for transferSyntax: TransferSyntax in [
                .explicitVRLittleEndian, .implicitVRLittleEndian, .explicitVRBigEndian, .deflatedExplicitVRLittleEndian,
            ] {
                _ = try? tokens(bytes.buffer, transferSyntax)
            }
        }
    }
}
