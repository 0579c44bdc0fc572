import DICOMCore
import NIOCore
import Testing

@testable import DICOMCoding

@Suite struct `Reading private elements` {
    private static let creator = Array("SIEMENS CSA HEADER".utf8)

    private func vr(of tag: UInt32, in bytes: Bytes, _ transferSyntax: TransferSyntax) throws -> VR? {
        try DataSetReader.dataSet(from: bytes.buffer, transferSyntax: transferSyntax)[Tag(rawValue: tag)]?.vr
    }

    @Test func `an element without VR has that of its creator's dictionary`() throws {
        var bytes = Bytes()
        bytes.implicit(0x0029_0010, Self.creator)
        bytes.implicit(0x0029_1008, Array("IM".utf8))
        bytes.implicit(0x0029_10EE, [1, 2])
        bytes.implicit(0x0029_1108, Array("IM".utf8))

        #expect(try vr(of: 0x0029_0010, in: bytes, .implicitVRLittleEndian) == .lo)
        #expect(try vr(of: 0x0029_1008, in: bytes, .implicitVRLittleEndian) == .cs)
        #expect(try vr(of: 0x0029_10EE, in: bytes, .implicitVRLittleEndian) == .un)
        #expect(try vr(of: 0x0029_1108, in: bytes, .implicitVRLittleEndian) == .un)
    }

    @Test func `a sequence in the place of a creator is read, also without VR`() throws {
        var item = Bytes()
        item.implicit(0x0015_0010, Self.creator)
        var bytes = Bytes()
        bytes.buffer.writeBytes([0x07, 0, 0x11, 0, 0xFF, 0xFF, 0xFF, 0xFF])
        bytes.marker(Bytes.item, length: UInt32(item.buffer.readableBytes))
        bytes.buffer.writeImmutableBuffer(item.buffer)
        bytes.buffer.writeBytes([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0])
        bytes.implicit(0x0008_0060, Array("CT".utf8))

        let dataSet = try DataSetReader.dataSet(from: bytes.buffer, transferSyntax: .implicitVRLittleEndian)

        let sequence = dataSet[Tag(rawValue: 0x0007_0011)]
        #expect(sequence?.vr == .sq)
        #expect(sequence?.items.count == 1)
        #expect(dataSet[.modality]?.vr == .cs)
    }

    @Test func `UN gives way to what the creator's dictionary knows`() throws {
        var bytes = Bytes()
        bytes.explicit(0x0029_0010, "LO", Self.creator)
        bytes.explicit(0x0029_1008, "UN", Array("IM".utf8))
        bytes.explicit(0x0029_1010, "UN", [1, 2])

        #expect(try vr(of: 0x0029_1008, in: bytes, .explicitVRLittleEndian) == .cs)
        #expect(try vr(of: 0x0029_1010, in: bytes, .explicitVRLittleEndian) == .ob)
    }

    @Test func `a reservation holds in its own Data Set only`() throws {
        var item = Bytes()
        item.implicit(0x0029_1008, Array("IM".utf8))
        var items = Bytes()
        items.marker(Bytes.item, length: UInt32(item.buffer.readableBytes))
        items.buffer.writeImmutableBuffer(item.buffer)
        var bytes = Bytes()
        bytes.implicit(0x0009_0010, Self.creator)
        bytes.implicit(0x0029_0010, Self.creator)
        bytes.implicit(0x0008_1140, Array(items.buffer.readableBytesView))
        bytes.implicit(0x0029_1008, Array("IM".utf8))

        let dataSet = try DataSetReader.dataSet(from: bytes.buffer, transferSyntax: .implicitVRLittleEndian)

        #expect(dataSet[Tag(rawValue: 0x0029_1008)]?.vr == .cs)
        #expect(dataSet.items(.referencedImageSequence).first?[Tag(rawValue: 0x0029_1008)]?.vr == .un)
    }

    @Test func `a private sequence is read as one when it begins like one`() throws {
        // (4001,xx10) of Philips Imaging DD 070 is a sequence.
        let creator = Array("Philips Imaging DD 070".utf8)
        var items = Bytes()
        items.marker(Bytes.item, length: 0)
        for (value, expected) in [
            (Array(items.buffer.readableBytesView), VR.sq), ([1, 2, 3, 4, 5, 6, 7, 8], .un), ([], .sq),
        ] {
            var bytes = Bytes()
            bytes.implicit(0x4001_0010, creator)
            bytes.implicit(0x4001_1010, value)

            #expect(try vr(of: 0x4001_1010, in: bytes, .implicitVRLittleEndian) == expected)
        }
    }

    @Test func `a value that cannot be of the dictionary's VR stays UN`() throws {
        // (0019,xx02) of GEMS_ACQU_01 is of VR SL, (0029,xx08) of SIEMENS CSA HEADER of CS.
        var bytes = Bytes()
        bytes.implicit(0x0019_0010, Array("GEMS_ACQU_01".utf8))
        bytes.implicit(0x0019_1002, [1, 2])
        bytes.implicit(0x0029_0010, Self.creator)
        bytes.implicit(0x0029_1008, [UInt8](repeating: 0x20, count: 0x1_0000))

        #expect(try vr(of: 0x0019_1002, in: bytes, .implicitVRLittleEndian) == .un)
        #expect(try vr(of: 0x0029_1008, in: bytes, .implicitVRLittleEndian) == .un)
    }
}
