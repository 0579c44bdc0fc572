import DICOMCoding
import DICOMCore
import NIOCore
import Testing

@Suite struct `Decoding a Data Set` {
    /// A Data Set with all that can be nested, by defined and undefined lengths.
    private func sample() -> ByteBuffer {
        var bytes = Bytes()
        bytes.explicit(0x0008_0000, "UL", [4, 0, 0, 0])
        bytes.identity()
        bytes.explicit(0x0008_1140, "SQ", [], length: Bytes.undefined)
        bytes.marker(Bytes.item, length: Bytes.undefined)
        bytes.text(0x0008_1150, "UI", "1.2")
        bytes.explicit(0x0040_A730, "SQ", [], length: 16)
        bytes.marker(Bytes.item, length: 8)
        bytes.explicit(0x0040_A040, "CS", [])
        bytes.marker(Bytes.itemEnd, length: 0)
        bytes.marker(Bytes.item, length: 0)
        bytes.marker(Bytes.sequenceEnd, length: 0)
        bytes.explicit(0x0009_0010, "UN", [], length: Bytes.undefined)
        bytes.marker(Bytes.item, length: 12)
        bytes.implicit(0x0010_0020, Array("A1B2".utf8))
        bytes.marker(Bytes.sequenceEnd, length: 0)
        bytes.explicit(0x7FE0_0010, "OB", [], length: Bytes.undefined)
        bytes.marker(Bytes.item, length: 0)
        bytes.marker(Bytes.item, length: 4)
        bytes.buffer.writeBytes([0xFF, 0xD8, 1, 2])
        bytes.marker(Bytes.sequenceEnd, length: 0)
        bytes.explicit(0xFFFC_FFFC, "OB", [0, 0])
        return bytes.buffer
    }

    @Test func `every kind of element becomes its tokens`() throws {
        let kinds = try tokens(sample()).map { token in
            switch token {
            case .element(let header, _): "element \(header.tag) \(header.vr.name)"
            case .beginSequence(let header): "sequence \(header.tag)"
            case .endSequence: "end sequence"
            case .beginItem: "item"
            case .endItem: "end item"
            case .beginBulk(let header): "bulk \(header.tag)"
            case .bulkBytes(let bytes): "bytes \(bytes.readableBytes)"
            case .endBulk: "end bulk"
            case .beginFragments(let header): "fragments \(header.tag)"
            case .beginFragment(_, let length): "fragment \(length)"
            case .endFragment: "end fragment"
            case .endFragments: "end fragments"
            }
        }

        #expect(
            kinds == [
                "element (0008,0000) UL", "element (0008,0016) UI", "element (0008,0018) UI", "element (0020,000D) UI",
                "element (0020,000E) UI", "sequence (0008,1140)", "item", "element (0008,1150) UI",
                "sequence (0040,A730)", "item", "element (0040,A040) CS", "end item", "end sequence", "end item",
                "item", "end item", "end sequence", "sequence (0009,0010)", "item", "element (0010,0020) LO",
                "end item", "end sequence", "fragments (7FE0,0010)", "fragment 0", "end fragment", "fragment 4",
                "bytes 4", "end fragment", "end fragments", "element (FFFC,FFFC) OB",
            ]
        )
    }

    @Test(arguments: [1, 2, 3, 7, 11, 64])
    func `pieces of any size give the same tokens`(pieceLength: Int) throws {
        let whole = normalised(try tokens(sample()))

        let pieces = normalised(try tokens(sample(), pieceLength: pieceLength))

        #expect(pieces == whole)
    }

    @Test func `a Data Set cut at any byte but between its elements is truncated`() throws {
        let bytes = sample()
        var clean: Set<Int> = []
        for length in 0..<bytes.readableBytes {
            do {
                _ = try tokens(bytes.getSlice(at: 0, length: length) ?? ByteBuffer())
                clean.insert(length)
            } catch {
                #expect(error.code == .truncated)
            }
        }

        // Between the outermost elements; and where only the outermost Sequence Delimitation Item is missing.
        let betweenElements: Set = [0, 12, 46, 62, 76, 92, 176, 216]
        let beforeDelimiters: Set = [104, 160, 168, 188, 208, 228, 236, 248, 256]
        #expect(clean.subtracting(betweenElements) == beforeDelimiters)
    }

    @Test func `numbers of Big Endian become little endian`() throws {
        // (0028,0010) US 512, (0018,9087) FD 1.0, (0072,0026) AT (0010,0020).
        let bytes = ByteBuffer(bytes: [
            0x00, 0x28, 0x00, 0x10, 0x55, 0x53, 0x00, 0x02, 0x02, 0x00,
            0x00, 0x72, 0x00, 0x26, 0x41, 0x54, 0x00, 0x04, 0x00, 0x10, 0x00, 0x20,
            0x00, 0x18, 0x90, 0x87, 0x46, 0x44, 0x00, 0x08, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0,
        ])

        let dataSet = try DataSetReader.dataSet(from: bytes, transferSyntax: .explicitVRBigEndian)

        #expect(dataSet.integers(.rows) == [512])
        #expect(dataSet.decimals(.diffusionBValue) == [1])
        #expect(dataSet[.selectorAttribute]?.tags == [.patientID])
    }

    @Test func `Implicit VR takes Value Representations from the dictionary`() throws {
        var bytes = Bytes()
        bytes.implicit(0x0010_0010, Array("A^B ".utf8))
        bytes.implicit(0x0011_0010, Array("ME".utf8))
        bytes.implicit(0x0011_1001, [1, 2])
        bytes.implicit(0x0028_0103, [1, 0])
        bytes.implicit(0x0028_0106, [0xFF, 0xFF])
        bytes.implicit(0x6002_0010, [8, 0])

        let dataSet = try DataSetReader.dataSet(from: bytes.buffer, transferSyntax: .implicitVRLittleEndian)

        #expect(dataSet.elements.map(\.vr) == [.pn, .lo, .un, .us, .ss, .us])
        #expect(dataSet.integers(.smallestImagePixelValue) == [-1])
    }

    @Test func `letters that are no Value Representation are UN when the length fits`() throws {
        var bytes = Bytes()
        bytes.explicit(0x0009_1001, "??", [1, 2])
        bytes.explicit(0x0010_0020, "LO", [0x41, 0x20])

        let dataSet = try DataSetReader.dataSet(from: bytes.buffer, transferSyntax: .explicitVRLittleEndian)

        #expect(dataSet[Tag(rawValue: 0x0009_1001)]?.vr == .un)
        #expect(dataSet.string(.patientID) == "A")
    }

    @Test func `Implicit VR is read where Explicit was announced, and the reverse`() throws {
        var implicit = Bytes()
        implicit.implicit(0x0008_0008, Array("ORIGINAL".utf8))
        implicit.implicit(0x0010_0020, Array("A1".utf8))
        var explicit = Bytes()
        explicit.text(0x0008_0008, "CS", "ORIGINAL")
        explicit.text(0x0010_0020, "LO", "A1")

        for pieceLength in [1, 1000] {
            let first = try tokens(implicit.buffer, .explicitVRLittleEndian, pieceLength: pieceLength)
            let second = try tokens(explicit.buffer, .implicitVRLittleEndian, pieceLength: pieceLength)
            #expect(first.count == 2)
            #expect(second.count == 2)
        }
    }

    @Test func `a command set is never taken for the other encoding`() {
        var bytes = Bytes()
        bytes.explicit(0x0000_0000, "UL", [4, 0, 0, 0])

        #expect(throws: DataSetError.self) { try tokens(bytes.buffer, .implicitVRLittleEndian) }
    }

    @Test func `UN for an element of the dictionary is what the dictionary says`() throws {
        var bytes = Bytes()
        bytes.explicit(0x0028_0010, "UN", [2, 0])

        let dataSet = try DataSetReader.dataSet(from: bytes.buffer, transferSyntax: .explicitVRLittleEndian)

        #expect(dataSet.integers(.rows) == [2])
    }

    @Test(arguments: [0, 1, 7, 8, 200])
    func `zeros behind the last element are padding`(count: Int) throws {
        var bytes = Bytes()
        bytes.text(0x0010_0020, "LO", "A")
        bytes.buffer.writeRepeatingByte(0, count: count)

        #expect(try tokens(bytes.buffer).count == 1)
        #expect(try tokens(bytes.buffer, pieceLength: 3).count == 1)
    }

    @Test func `a value is bulk from its threshold on`() throws {
        var limitBytes = Bytes()
        limitBytes.explicit(0x0009_1001, "OB", [UInt8](repeating: 1, count: 1024))
        var beyond = Bytes()
        beyond.explicit(0x0009_1001, "OB", [UInt8](repeating: 1, count: 1026))

        #expect(try tokens(limitBytes.buffer).count == 1)
        #expect(try tokens(beyond.buffer).count == 3)
    }

    @Test func `a missing delimiter at the very end is forgiven to the outermost sequence only`() throws {
        var one = Bytes()
        one.explicit(0x0008_1140, "SQ", [], length: Bytes.undefined)
        one.marker(Bytes.item, length: 0)
        var two = Bytes()
        two.explicit(0x0008_1140, "SQ", [], length: Bytes.undefined)
        two.marker(Bytes.item, length: Bytes.undefined)

        #expect(try tokens(one.buffer).last == .endSequence)
        let error = #expect(throws: DataSetError.self) { try tokens(two.buffer) }
        #expect(error?.code == .truncated)
    }
}
