import DICOMCore
import DICOMPixels
import NIOCore
import Testing

private func describe(_ numbers: [DICOMCore.Tag: UInt16], _ interpretation: String? = "MONOCHROME2") -> DataSet {
    var dataSet = DataSet()
    for (tag, number) in numbers {
        var bytes = ByteBuffer()
        bytes.writeInteger(number, endianness: .little)
        dataSet.set(DataElement(tag: tag, vr: .us, value: .bytes(bytes)))
    }
    if let interpretation { dataSet.set(.text(.photometricInterpretation, .cs, interpretation)) }
    return dataSet
}

@Suite struct `What group 0028 says` {
    @Test func `a CT image of 512 by 512 is half a MiB`() throws {
        let format = try PixelFormat(
            describe([
                .rows: 512, .columns: 512, .bitsAllocated: 16, .bitsStored: 12, .highBit: 11, .pixelRepresentation: 1,
                .samplesPerPixel: 1,
            ])
        )

        #expect(format.frameLength == 524_288)
        #expect(format.kind == .signed)
        #expect(format.bitsStored == 12)
    }

    @Test func `what many writers leave out has its default`() throws {
        let format = try PixelFormat(describe([.rows: 3, .columns: 3, .bitsAllocated: 1], nil))

        #expect(format.frameLength == 2)
        #expect(format.frameBits == 9)
        #expect(format.photometricInterpretation == .monochrome2)
        #expect(format.highBit == 0)
    }

    @Test(arguments: [
        (DICOMCore.Tag.rows, UInt16(0)), (.columns, 0), (.samplesPerPixel, 0), (.samplesPerPixel, 5),
        (.bitsAllocated, 0),
        (.bitsAllocated, 7), (.bitsStored, 17), (.bitsStored, 0), (.highBit, 16), (.highBit, 10),
    ])
    func `a value that the standard does not allow is named`(tag: DICOMCore.Tag, value: UInt16) {
        var numbers: [DICOMCore.Tag: UInt16] = [
            .rows: 2, .columns: 2, .bitsAllocated: 16, .bitsStored: 12, .highBit: 11,
        ]
        numbers[tag] = value

        let error = #expect(throws: PixelError.self) { try PixelFormat(describe(numbers)) }

        #expect(error?.code == .badDescription)
        #expect(error?.tag == tag)
    }

    @Test func `subsampled chrominance takes two samples for each pixel`() throws {
        let format = try PixelFormat(
            describe([.rows: 4, .columns: 4, .bitsAllocated: 8, .samplesPerPixel: 3], "YBR_FULL_422")
        )

        #expect(format.frameLength == 32)
    }

    @Test func `a frame has as many bytes as its format says, or is none`() throws {
        let format = try PixelFormat(rows: 2, columns: 2, bitsAllocated: 8, photometricInterpretation: .monochrome2)

        #expect(throws: PixelError.self) { try PixelFrame(format, ByteBuffer(bytes: [1, 2, 3])) }
        #expect(try PixelFrame(format, ByteBuffer(bytes: [1, 2, 3, 4])).bytes.readableBytes == 4)
    }

    @Test func `colour comes out of lossy JPEG as RGB, and out of lossless JPEG as it is called`() throws {
        let format = try PixelFormat(
            rows: 2,
            columns: 2,
            samplesPerPixel: 3,
            bitsAllocated: 8,
            photometricInterpretation: .ybrFull,
            isPlanar: true
        )

        #expect(try format.decoded(from: .jpegBaseline).photometricInterpretation == .rgb)
        #expect(try format.decoded(from: .jpegLosslessSV1).photometricInterpretation == .ybrFull)
        #expect(try !format.decoded(from: .jpegLosslessSV1).isPlanar)
    }

    @Test(arguments: [TransferSyntax.jpegLossless, .jpegLosslessSV1, .jpegLSLossless, .rleLossless])
    func `the reduced range of video is not called the full one`(transferSyntax: TransferSyntax) throws {
        func format(_ interpretation: PhotometricInterpretation) throws -> PixelFormat {
            try PixelFormat(
                rows: 2,
                columns: 2,
                samplesPerPixel: 3,
                bitsAllocated: 8,
                photometricInterpretation: interpretation
            )
        }
        #expect(try format(.ybrFull422).decoded(from: transferSyntax) == format(.ybrFull))

        let error = #expect(throws: PixelError.self) { try format(.ybrPartial422).decoded(from: transferSyntax) }

        #expect(error?.code == .unsupported)
        #expect(error?.tag == .photometricInterpretation)
    }
}
