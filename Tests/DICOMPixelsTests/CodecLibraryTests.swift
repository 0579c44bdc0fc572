import DICOMCore
import DICOMPixels
import NIOCore
import Testing

private let ours: [TransferSyntax] = [
    .implicitVRLittleEndian, .explicitVRLittleEndian, .deflatedExplicitVRLittleEndian, .explicitVRBigEndian,
    .encapsulatedUncompressedExplicitVRLittleEndian, .rleLossless, .deflatedImageFrame, .jpeg2000Lossless, .jpeg2000,
    .htj2kLossless, .htj2kLosslessRPCL, .htj2k,
]

@Suite struct `The library of codecs` {
    @Test(arguments: ours) func `each of these has a decoder`(transferSyntax: TransferSyntax) {
        #expect(CodecLibrary.canDecode(transferSyntax))
    }

    @Test func `the other byte order is read, never written`() {
        #expect(ours.filter { !CodecLibrary.canEncode($0) } == [.explicitVRBigEndian])
    }

    @Test func `only what libraries of others decode needs a process of its own`() {
        #expect(
            ours.filter { !CodecLibrary.isSafeInProcess($0) } == [
                .jpeg2000Lossless, .jpeg2000, .htj2kLossless, .htj2kLosslessRPCL, .htj2k,
            ]
        )
    }

    @Test(arguments: [TransferSyntax.jpeg2000, .htj2k])
    func `colour numbers are never encoded with loss`(transferSyntax: TransferSyntax) throws {
        let format = try PixelFormat(
            rows: 8,
            columns: 8,
            bitsAllocated: 8,
            photometricInterpretation: .paletteColor
        )
        let frame = try PixelFrame(format, ByteBuffer(repeating: 3, count: 64))

        let error = #expect(throws: PixelError.self) {
            try CodecLibrary.encode(frame, in: transferSyntax, options: EncodingOptions(), limits: PixelLimits())
        }

        #expect(error?.code == .notEncodable)
    }

    @Test(arguments: [TransferSyntax.jpegLSNearLossless, .jpeg2000, .htj2k], [false, true])
    func `samples with bits above them are never encoded with loss`(
        transferSyntax: TransferSyntax,
        isSigned: Bool
    ) throws {
        let shape = FrameShape(columns: 64, rows: 64, allocated: 16, stored: 12, isSigned: isSigned, pattern: .extremes)
        // An overlay in bit 12, as writers had them; signed samples have the sign there.
        let frame = try shape.frame()
        let words = frame.bytes.readableBytesView.enumerated().map { index, byte in
            isSigned && index == 4_095 ? byte ^ 0x10 : !isSigned && index % 4 == 1 ? byte | 0x10 : byte
        }
        let marked = try PixelFrame(frame.format, ByteBuffer(bytes: words))

        let error = #expect(throws: PixelError.self) {
            try CodecLibrary.encode(marked, in: transferSyntax, options: EncodingOptions(), limits: PixelLimits())
        }

        #expect(error?.code == .notEncodable)
    }

    @Test(arguments: [TransferSyntax.jpegLSNearLossless, .jpeg2000, .htj2k])
    func `white stays white where High Bit is above Bits Stored`(transferSyntax: TransferSyntax) throws {
        let format = try PixelFormat(
            rows: 32,
            columns: 32,
            bitsAllocated: 16,
            bitsStored: 12,
            highBit: 13,
            photometricInterpretation: .monochrome2
        )
        var bytes = ByteBuffer()
        for pixel in 0..<format.pixelCount {
            bytes.writeInteger(UInt16(pixel % 7 == 0 ? 0x3FFC : 0x3FF8 - pixel / 64 * 4), endianness: .little)
        }
        let frame = try PixelFrame(format, bytes)

        let encoded = try CodecLibrary.encode(
            frame,
            in: transferSyntax,
            options: EncodingOptions(nearLossless: 7),
            limits: PixelLimits()
        )
        var decoded = try CodecLibrary.decode(encoded, in: transferSyntax, as: format, limits: PixelLimits()).bytes

        while let word = decoded.readInteger(endianness: .little, as: UInt16.self) {
            #expect((0x3D00...0x3FFF).contains(word))
        }
    }

    @Test(arguments: [64, 63]) func `the limit is the length of a frame without compression`(limit: Int) throws {
        let frame = try FrameShape(columns: 8, rows: 8, allocated: 8, stored: 8).frame()
        let limits = PixelLimits(frameLength: limit)
        let encoded = try CodecLibrary.encode(
            frame,
            in: .rleLossless,
            options: EncodingOptions(),
            limits: PixelLimits()
        )

        if limit == 64 {
            #expect(try CodecLibrary.decode(encoded, in: .rleLossless, as: frame.format, limits: limits) == frame)
            return
        }
        for attempt in [
            { _ = try CodecLibrary.decode(encoded, in: .rleLossless, as: frame.format, limits: limits) },
            { _ = try CodecLibrary.encode(frame, in: .rleLossless, options: EncodingOptions(), limits: limits) },
        ] {
            let error = #expect(throws: PixelError.self) { try attempt() }
            #expect(error?.code == .tooLarge)
        }
    }
}
