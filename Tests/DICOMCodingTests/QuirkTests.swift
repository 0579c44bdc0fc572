import DICOMCore
import NIOCore
import Testing

@testable import DICOMCoding

@Suite struct `Quirks of a Data Set` {
    /// The kinds of the quirks, and the tokens, of bytes that come in pieces of one size.
    private func read(
        _ bytes: ByteBuffer,
        _ transferSyntax: TransferSyntax = .explicitVRLittleEndian,
        tolerance: Tolerance = .unambiguous,
        pieceLength: Int = .max
    ) throws(DataSetError) -> (kinds: [Quirk.Kind], tokens: [DataSetToken], decoder: DataSetDecoder) {
        var decoder = DataSetDecoder(transferSyntax: transferSyntax, tolerance: tolerance)
        let found = try DICOMCodingTests.tokens(bytes, by: &decoder, pieceLength: pieceLength)
        return (decoder.quirks.map(\.kind), found, decoder)
    }

    private func tags(_ tokens: [DataSetToken]) -> [String] {
        tokens.compactMap { token in
            switch token {
            case .element(let header, _), .beginSequence(let header): header.tag.description
            default: nil
            }
        }
    }

    @Test func `every kind has a rule and a sentence of its own`() {
        let texts = Set(Quirk.Kind.allCases.map(\.text))

        #expect(texts.count == Quirk.Kind.allCases.count)
        #expect(Quirk.Kind.allCases.allSatisfy { $0.rule.hasPrefix("PS3.") })
    }

    @Test func `a Data Set without fault has no quirk`() throws {
        var bytes = Bytes()
        bytes.explicit(0x0008_0000, "UL", [10, 0, 0, 0])
        bytes.text(0x0008_0060, "CS", "OT")
        bytes.explicit(0x0040_A730, "SQ", [], length: Bytes.undefined)
        bytes.marker(Bytes.item, length: Bytes.undefined)
        bytes.text(0x0008_0060, "CS", "OT")
        bytes.marker(Bytes.itemEnd, length: 0)
        bytes.marker(Bytes.sequenceEnd, length: 0)

        #expect(try read(bytes.buffer).kinds == [])
    }

    @Test func `small oddities of elements are told where they stand`() throws {
        var bytes = Bytes()
        bytes.explicit(0x0008_0000, "UL", [11, 0, 0, 0])
        bytes.text(0x0008_0060, "CS", "OT")
        bytes.explicit(0x0010_0020, "LO", [0x41])
        bytes.explicit(0x0010_0010, "PN", [])
        bytes.explicit(0x0010_0010, "PN", [])
        bytes.explicit(0x0028_0010, "UN", [1, 0])
        bytes.explicit(0x0029_1001, "??", [1, 0])
        bytes.buffer.writeRepeatingByte(0, count: 6)

        for pieceLength in [1, 5, 1_000] {
            let (kinds, _, decoder) = try read(bytes.buffer, pieceLength: pieceLength)

            #expect(
                kinds == [
                    .wrongGroupLength, .oddLength, .unorderedTag, .duplicateTag, .unknownForKnownElement, .unknownVR,
                    .trailingZeros,
                ]
            )
            #expect(decoder.quirks[0] == Quirk(.wrongGroupLength, at: 0, path: [Tag(rawValue: 0x0008_0000)]))
            #expect(decoder.quirks[1] == Quirk(.oddLength, at: 22, path: [.patientID]))
        }
    }

    @Test func `no more quirks are kept than the limit, and all are counted`() throws {
        var limits = DataSetLimits()
        limits.quirkCount = 2
        var bytes = Bytes()
        for _ in 0..<4 { bytes.explicit(0x0010_0020, "LO", []) }
        var decoder = DataSetDecoder(transferSyntax: .explicitVRLittleEndian, limits: limits)

        decoder.append(bytes.buffer)
        while try decoder.next() != nil {}

        #expect(decoder.quirks.count == 2)
        #expect(decoder.quirkCount == 3)
    }

    @Test func `a print session, whose group is another one backwards, keeps its byte order`() throws {
        var explicit = Bytes()
        explicit.text(0x2000_0010, "IS", "1 ")
        var implicit = Bytes()
        implicit.implicit(0x2000_0010, Array("1 ".utf8))

        #expect(try read(explicit.buffer).kinds == [])
        #expect(try read(implicit.buffer, .implicitVRLittleEndian).kinds == [])
    }

    @Test func `the encoding is told by the first element where the Transfer Syntax is wrong`() throws {
        var implicit = Bytes()
        implicit.implicit(0x0008_0008, Array("ORIGINAL".utf8))
        var explicit = Bytes()
        explicit.text(0x0008_0008, "CS", "ORIGINAL")
        let big = ByteBuffer(bytes: [
            0, 8, 0, 0x60, 0x43, 0x53, 0, 2, 0x43, 0x54, 0, 0x28, 0, 0x10, 0x55, 0x53, 0, 2, 2, 0,
        ])
        // (0008,0060) and (0028,0010) without VRs, the most significant byte first.
        let bigImplicit = ByteBuffer(bytes: [0, 8, 0, 0x60, 0, 0, 0, 2, 0x43, 0x54, 0, 0x28, 0, 0x10, 0, 0, 0, 2, 2, 0])

        #expect(try read(implicit.buffer).kinds == [.implicitVRInsteadOfExplicit])
        #expect(try read(explicit.buffer, .implicitVRLittleEndian).kinds == [.explicitVRInsteadOfImplicit])
        #expect(try read(big).kinds == [.wrongByteOrder])
        #expect(try read(explicit.buffer, .explicitVRBigEndian).kinds == [.wrongByteOrder])
        #expect(try read(bigImplicit, .implicitVRLittleEndian).kinds == [.wrongByteOrder])
        for bytes in [big, bigImplicit] {
            let dataSet = try DataSetReader.dataSet(from: bytes, transferSyntax: .implicitVRLittleEndian)
            #expect(dataSet.integers(.rows) == [512])
        }
    }

    @Test func `a Data Set that is not deflated is read as it is`() throws {
        var bytes = Bytes()
        bytes.text(0x0008_0060, "CS", "OT")

        for pieceLength in [1, 100] {
            let result = try read(bytes.buffer, .deflatedExplicitVRLittleEndian, pieceLength: pieceLength)
            #expect(result.kinds == [.notDeflated])
            #expect(result.tokens.count == 1)
        }
    }

    @Test func `a header of zlib in front of the deflated bytes is skipped`() throws {
        var bytes = Bytes()
        for number in 0..<20 { bytes.text(0x0011_1000 + UInt32(number), "LO", "some text") }
        let whole = try #require(Deflater.deflate(bytes.buffer, level: 6, isRaw: false))

        for pieceLength in [1, 7, 1_000] {
            let result = try read(whole, .deflatedExplicitVRLittleEndian, pieceLength: pieceLength)
            #expect(result.kinds == [.zlibHeader])
            #expect(result.tokens.count == 20)
        }
    }

    @Test func `a command set in front is read without VRs`() throws {
        var bytes = Bytes()
        bytes.implicit(0x0000_0000, [10, 0, 0, 0])
        bytes.implicit(0x0000_0100, [1, 0])
        bytes.text(0x0008_0060, "CS", "OT")

        #expect(try read(bytes.buffer).kinds == [.commandSet])
        #expect(try tags(read(bytes.buffer).tokens) == ["(0000,0000)", "(0000,0100)", "(0008,0060)"])
    }

    @Test func `UN of a known length is the sequence of the dictionary if all of it is items`() throws {
        var items = Bytes()
        items.marker(Bytes.item, length: 12)
        items.implicit(0x0010_0020, Array("A1B2".utf8))
        items.marker(Bytes.item, length: Bytes.undefined)
        items.implicit(0x0008_0060, Array("OT".utf8))
        items.marker(Bytes.itemEnd, length: 0)
        var known = Bytes()
        known.explicit(0x0008_1140, "UN", Array(items.buffer.readableBytesView))
        known.text(0x0010_0020, "LO", "A")
        var other = Bytes()
        other.explicit(0x0008_1140, "UN", Array(items.buffer.readableBytesView.dropLast(2)))
        other.text(0x0010_0020, "LO", "A")

        for pieceLength in [1, 13, 1_000] {
            let first = try read(known.buffer, pieceLength: pieceLength)
            #expect(first.kinds == [.unknownForKnownElement])
            #expect(tags(first.tokens) == ["(0008,1140)", "(0010,0020)", "(0008,0060)", "(0010,0020)"])
            let second = try read(other.buffer, pieceLength: pieceLength)
            #expect(second.kinds == [])
            #expect(tags(second.tokens) == ["(0008,1140)", "(0010,0020)"])
        }
    }

    @Test func `items are read without VRs in an explicit Data Set, and with VRs in an implicit one`() throws {
        var inner = Bytes()
        inner.implicit(0x0008_0060, Array("OT".utf8))
        inner.implicit(0x0010_0020, Array("A1B2".utf8))
        var explicit = Bytes()
        explicit.explicit(0x0008_1140, "SQ", [], length: Bytes.undefined)
        explicit.marker(Bytes.item, length: UInt32(inner.buffer.readableBytes))
        explicit.buffer.writeImmutableBuffer(inner.buffer)
        explicit.marker(Bytes.sequenceEnd, length: 0)
        explicit.text(0x0010_0020, "LO", "A")
        var other = Bytes()
        other.text(0x0008_0060, "CS", "OT")
        var implicit = Bytes()
        implicit.implicit(0x0008_1140, [], length: Bytes.undefined)
        implicit.marker(Bytes.item, length: UInt32(other.buffer.readableBytes))
        implicit.buffer.writeImmutableBuffer(other.buffer)
        implicit.marker(Bytes.sequenceEnd, length: 0)
        implicit.implicit(0x0010_0020, Array("AB".utf8))

        for pieceLength in [1, 9, 1_000] {
            let first = try read(explicit.buffer, pieceLength: pieceLength)
            #expect(first.kinds == [.implicitVRItem])
            #expect(tags(first.tokens) == ["(0008,1140)", "(0008,0060)", "(0010,0020)", "(0010,0020)"])
            let second = try read(implicit.buffer, .implicitVRLittleEndian, pieceLength: pieceLength)
            #expect(second.kinds == [.explicitVRItem])
            #expect(tags(second.tokens) == ["(0008,1140)", "(0008,0060)", "(0010,0020)"])
        }
    }
}

@Suite struct `Salvaging a Data Set` {
    private func read(_ bytes: ByteBuffer) throws -> (kinds: Set<Quirk.Kind>, dataSet: DataSet) {
        let (dataSet, quirks) = try DataSetReader.salvage(bytes, transferSyntax: .explicitVRLittleEndian)
        return (Set(quirks.map(\.kind)), dataSet)
    }

    private func refuses(_ bytes: ByteBuffer) -> Bool {
        do throws(DataSetError) {
            _ = try tokens(bytes)
            return false
        } catch {
            return true
        }
    }

    private var sequence: Bytes {
        var bytes = Bytes()
        bytes.explicit(0x0008_1140, "SQ", [], length: Bytes.undefined)
        bytes.marker(Bytes.item, length: Bytes.undefined)
        bytes.text(0x0010_0020, "LO", "AB")
        return bytes
    }

    @Test func `a missing item delimiter ends the item where the sequence ends or the next item begins`() throws {
        var bytes = sequence
        bytes.marker(Bytes.item, length: 0)
        bytes.marker(Bytes.sequenceEnd, length: 0)
        bytes.text(0x0020_0010, "SH", "1")

        let (kinds, dataSet) = try read(bytes.buffer)

        #expect(refuses(bytes.buffer))
        #expect(kinds == [.missingItemDelimiter])
        #expect(dataSet.items(Tag(rawValue: 0x0008_1140)).count == 2)
        #expect(dataSet.string(.studyID) == "1")
    }

    @Test func `a missing sequence delimiter ends the sequence at the next element`() throws {
        var bytes = sequence
        bytes.marker(Bytes.itemEnd, length: 0)
        bytes.text(0x0020_0010, "SH", "1")

        let (kinds, dataSet) = try read(bytes.buffer)

        #expect(refuses(bytes.buffer))
        #expect(kinds == [.missingSequenceDelimiter])
        #expect(dataSet.string(.studyID) == "1")
    }

    @Test func `a delimiter that ends nothing is skipped`() throws {
        var bytes = Bytes()
        bytes.marker(Bytes.itemEnd, length: 0)
        bytes.text(0x0020_0010, "SH", "1")
        bytes.marker(Bytes.sequenceEnd, length: 0)

        let (kinds, dataSet) = try read(bytes.buffer)

        #expect(kinds == [.strayDelimiter])
        #expect(dataSet.string(.studyID) == "1")
    }

    @Test func `an item that is longer than its sequence is read to its own end`() throws {
        var bytes = Bytes()
        bytes.explicit(0x0008_1140, "SQ", [], length: 12)
        bytes.marker(Bytes.item, length: 10)
        bytes.text(0x0010_0020, "LO", "AB")
        bytes.text(0x0020_0010, "SH", "1")

        let (kinds, dataSet) = try read(bytes.buffer)

        #expect(refuses(bytes.buffer))
        #expect(kinds == [.lengthExceedsParent])
        #expect(dataSet.string(.studyID) == "1")
    }

    @Test func `a Data Set that is cut anywhere is read up to there`() throws {
        var bytes = sequence
        bytes.marker(Bytes.itemEnd, length: 0)
        bytes.marker(Bytes.sequenceEnd, length: 0)
        bytes.explicit(0x7FE0_0010, "OB", [], length: Bytes.undefined)
        bytes.marker(Bytes.item, length: 0)
        bytes.marker(Bytes.item, length: 4)
        bytes.buffer.writeBytes([1, 2, 3, 4])
        for length in 0..<bytes.buffer.readableBytes {
            let cut = bytes.buffer.getSlice(at: 0, length: length) ?? ByteBuffer()

            let (kinds, _) = try read(cut)

            #expect(length == 0 || length == 46 || !kinds.isEmpty, "\(length)")
        }
    }

    @Test func `a value that is cut keeps what there is`() throws {
        var bytes = Bytes()
        bytes.explicit(0x0010_0020, "LO", [0x41], length: 8)

        let (kinds, dataSet) = try read(bytes.buffer)

        #expect(kinds == [.truncatedValue])
        #expect(dataSet.string(.patientID) == "A")
    }
}
