import DICOMCoding
import DICOMCore
import DICOMPixels
import NIOCore
import TestKit
import Testing

@testable import ArchiveServices

@Suite struct `Putting an object into another Transfer Syntax` {
    private let codec = TestCodec()

    /// A file in memory as a source, read in pieces.
    private func source(_ file: ByteBuffer, pieceLength: Int = 100) throws -> ObjectSource {
        let scanned = try Self.scan(file)
        let start = Int(scanned.part10.dataSetOffset)
        return ObjectSource(
            header: scanned.dataSet,
            transferSyntax: scanned.part10.transferSyntax,
            frameIndex: scanned.frameIndex,
            reader: {
                var rest = file
                return { rest.readableBytes == 0 ? nil : rest.readSlice(length: min(pieceLength, rest.readableBytes)) }
            },
            frame: { frameIndex in
                var bytes = ByteBuffer()
                for range in scanned.frameIndex?.byteRanges(frameIndex: frameIndex) ?? [] {
                    bytes.writeImmutableBuffer(
                        file.getSlice(at: start + Int(range.lowerBound), length: range.count) ?? ByteBuffer()
                    )
                }
                if let words = SwappedWords(scanned.dataSet, in: scanned.part10.transferSyntax),
                    let range = scanned.frameIndex?.byteRanges(frameIndex: frameIndex).first
                {
                    let covering = words.words(around: range)
                    let piece = file.getSlice(at: start + Int(covering.lowerBound), length: covering.count)
                    bytes = words.bytes(of: range, in: piece ?? ByteBuffer())
                }
                guard let bits = scanned.frameIndex?.bits(frameIndex: frameIndex) else { return bytes }
                var window = BitWindow(first: bits.first, count: bits.count)
                var frame = window.take(bytes)
                frame.writeImmutableBuffer(window.finish())
                return frame
            }
        )
    }

    private static func scan(_ file: ByteBuffer) throws -> ScannedFile {
        var scanner = PixelDataScanner(limits: DataSetLimits())
        try scanner.scan(file)
        return try scanner.finish()
    }

    private func transcode(
        _ file: ByteBuffer,
        to target: TransferSyntax,
        lossy: Bool = false,
        pieceLength: Int = 100,
        limits: PixelService.Limits = PixelService.Limits()
    ) async throws -> (file: ByteBuffer, summary: TranscodedObject.Summary) {
        let request = TranscodingRequest(to: target, allowsLossy: lossy)
        let service = PixelService(codec: codec, pool: TestPool.shared, limits: limits)
        let object = try await service.transcode(try source(file, pieceLength: pieceLength), request)
        var written = ByteBuffer()
        for try await piece in object { written.writeImmutableBuffer(piece) }
        return (written, object.summary)
    }

    private func pixels(_ file: ByteBuffer) throws -> [UInt8] {
        let scanned = try Self.scan(file)
        guard case .bulk(let bulk) = scanned.dataSet[.pixelData]?.value else { return [] }
        let start = Int(scanned.part10.dataSetOffset + bulk.offset)
        return file.getBytes(at: start, length: Int(bulk.length)) ?? []
    }

    /// A colour image of 8 bits, 2 by 2.
    private var photo: TestObject {
        var object = TestObject()
        object.extra = [
            .unsignedShort(.samplesPerPixel, 3), .unsignedShort(.rows, 2), .unsignedShort(.columns, 2),
            .unsignedShort(.bitsAllocated, 8), .unsignedShort(.bitsStored, 8), .unsignedShort(.highBit, 7),
            .unsignedShort(.planarConfiguration, 0), .text(.photometricInterpretation, .cs, "RGB"),
            DataElement(tag: .pixelData, vr: .ob, value: .bytes(ByteBuffer(bytes: Array(1...12)))),
        ]
        return object
    }

    @Test(arguments: [1, 37, 100_000]) func `frames go into RLE and back, whatever the pieces`(piece: Int) async throws
    {
        var object = TestObject()
        object.frames = 7
        object.extra = [.text(Tag(rawValue: 0xFFFC_0000 + 0xFFFC), .lo, "behind")]
        let file = try object.part10()

        let compressed = try await transcode(file, to: .rleLossless, pieceLength: piece)
        let scanned = try Self.scan(compressed.file)
        let back = try await transcode(compressed.file, to: .explicitVRLittleEndian, pieceLength: piece)

        #expect(compressed.summary.frameCount == 7)
        #expect(scanned.part10.transferSyntax == .rleLossless)
        #expect(scanned.frameIndex?.frameCount == 7)
        #expect(scanned.dataSet.uid(.sopInstanceUID) == object.instance)
        #expect(scanned.dataSet[.lossyImageCompression] == nil)
        #expect(scanned.quirks.isEmpty)
        #expect(try pixels(back.file) == Array(object.pixels.readableBytesView))
        let first = try Self.scan(file).dataSet
        let last = try Self.scan(back.file).dataSet
        #expect(first.elements.map(\.tag) == last.elements.map(\.tag))
    }

    @Test func `what describes colour follows, and comes back`() async throws {
        let compressed = try await transcode(try photo.part10(), to: .rleLossless)
        let back = try await transcode(compressed.file, to: .explicitVRBigEndian)

        #expect(try Self.scan(compressed.file).dataSet.integer(.planarConfiguration) == 1)
        let scanned = try Self.scan(back.file)
        #expect(scanned.part10.transferSyntax == .explicitVRBigEndian)
        #expect(scanned.dataSet.integer(.planarConfiguration) == 0)
        #expect(try pixels(back.file) == Array(1...12))
    }

    @Test func `a deflated target is deflated as a whole`() async throws {
        let compressed = try await transcode(try TestObject().part10(), to: .rleLossless)
        let deflated = try await transcode(compressed.file, to: .deflatedExplicitVRLittleEndian)
        let back = try await transcode(deflated.file, to: .explicitVRLittleEndian)

        #expect(deflated.file.readableBytes % 2 == 0)
        #expect(try pixels(back.file) == Array(TestObject().pixels.readableBytesView))
    }

    @Test func `frames of single bits are put behind each other without a gap`() async throws {
        var object = TestObject()
        object.frames = 3
        object.extra = [
            .unsignedShort(.rows, 3), .unsignedShort(.columns, 3), .unsignedShort(.bitsAllocated, 1),
            .unsignedShort(.bitsStored, 1), .unsignedShort(.highBit, 0),
            DataElement(tag: .pixelData, vr: .ob, value: .bytes(ByteBuffer(bytes: [0b1010_1101, 0x53, 0xF1, 0x02]))),
        ]
        let wrapped = try await transcode(try object.part10(), to: .encapsulatedUncompressedExplicitVRLittleEndian)
        let back = try await transcode(wrapped.file, to: .explicitVRLittleEndian)

        #expect(try Self.scan(wrapped.file).frameIndex?.byteRanges(frameIndex: 1).first?.count == 2)
        #expect(try pixels(back.file) == [0b1010_1101, 0x53, 0xF1, 0x02])
    }

    @Test func `nothing is lost unless it was asked for`() async throws {
        let file = try photo.part10()

        let error = await #expect(throws: TranscodingError.self) { try await transcode(file, to: .jpegBaseline) }

        #expect(error?.code == .lossy)
    }

    @Test func `with loss it is another object that says of what it was made, and how`() async throws {
        let file = try photo.part10()

        let (written, summary) = try await transcode(file, to: .jpegBaseline, lossy: true)
        let again = try await transcode(file, to: .jpegBaseline, lossy: true)

        let scanned = try Self.scan(written)
        let dataSet = scanned.dataSet
        let uid = try #require(dataSet.uid(.sopInstanceUID))
        #expect(uid != photo.instance && uid == summary.newSOPInstanceUID && uid.string.hasPrefix("2.25."))
        #expect(scanned.part10.fileMetaInformation.mediaStorageSOPInstanceUID == uid)
        #expect(again.summary.newSOPInstanceUID == uid)
        #expect(dataSet.string(.photometricInterpretation) == "YBR_FULL_422")
        #expect(dataSet.string(.lossyImageCompression) == "01")
        #expect(dataSet.strings(for: .lossyImageCompressionRatio) == ["1.0"])
        #expect(dataSet.strings(for: .lossyImageCompressionMethod) == ["ISO_10918_1"])
        #expect(dataSet.strings(for: .imageType).first == "DERIVED")
        #expect(dataSet.items(.sourceImageSequence).first?.uid(.referencedSOPInstanceUID) == photo.instance)
        #expect(dataSet.items(.derivationCodeSequence).first?.string(.codeValue) == "113040")
        #expect(scanned.quirks.isEmpty)
    }

    @Test func `what was lost once stays lost when the frames are decoded`() async throws {
        let lossy = try await transcode(try photo.part10(), to: .jpegBaseline, lossy: true)
        let back = try await transcode(lossy.file, to: .explicitVRLittleEndian)

        let dataSet = try Self.scan(back.file).dataSet
        #expect(back.summary.wasLossy && !back.summary.isLossy)
        #expect(dataSet.string(.lossyImageCompression) == "01")
        #expect(dataSet.string(.photometricInterpretation) == "RGB")
        #expect(try pixels(back.file) == Array(1...12))
    }

    @Test func `a frame that cannot be decoded is named`() async throws {
        var object = photo
        object.frames = 3
        var bytes = ByteBuffer()
        for first: UInt8 in [1, ~TestCodec.poison, 3] { bytes.writeBytes([first] + Array(2...12)) }
        object.extra.append(DataElement(tag: .pixelData, vr: .ob, value: .bytes(bytes)))
        let lossy = try await transcode(try object.part10(), to: .jpegBaseline, lossy: true)

        let error = await #expect(throws: TranscodingError.self) {
            try await transcode(lossy.file, to: .explicitVRLittleEndian)
        }

        #expect(error?.code == .notDecodable)
        #expect(error?.frameNumber == 2)
    }

    @Test func `offset tables of the old encoding are left out`() async throws {
        var object = TestObject()
        object.extra = [
            DataElement(tag: .extendedOffsetTable, vr: .ov, value: .bytes(ByteBuffer(repeating: 0, count: 8))),
            DataElement(tag: .extendedOffsetTableLengths, vr: .ov, value: .bytes(ByteBuffer(repeating: 0, count: 8))),
        ]

        let (file, _) = try await transcode(try object.part10(), to: .rleLossless)

        let dataSet = try Self.scan(file).dataSet
        #expect(dataSet[.extendedOffsetTable] == nil && dataSet[.extendedOffsetTableLengths] == nil)
    }

    /// Frames of 9 bytes in words of the other byte order, which frames share.
    private func swappedWords() throws -> (file: ByteBuffer, pixels: [UInt8]) {
        var object = TestObject()
        object.transferSyntax = .explicitVRBigEndian
        object.frames = 4
        object.frameLength = 9
        object.extra = [
            .unsignedShort(.rows, 3), .unsignedShort(.columns, 3), .unsignedShort(.bitsAllocated, 8),
            .unsignedShort(.bitsStored, 8), .unsignedShort(.highBit, 7),
        ]
        return (try object.part10(), Array(object.pixels.readableBytesView))
    }

    @Test(arguments: [1, 100, 100_000]) func `bytes in big-endian words are put in order in every frame`(
        piece: Int
    ) async throws {
        let (file, expected) = try swappedWords()
        #expect(try pixels(file).prefix(2) == [expected[1], expected[0]])

        let compressed = try await transcode(file, to: .rleLossless, pieceLength: piece)
        let back = try await transcode(compressed.file, to: .explicitVRLittleEndian)

        #expect(try pixels(back.file) == expected)
    }

    @Test func `bytes in big-endian words come out of the archive in order in every frame`() async throws {
        let (file, expected) = try swappedWords()
        let archive = try await TestArchive()
        let session = try archive.archive.ingest.openSession(for: TestArchive.administrator)
        _ = await session.store(IncomingObject(form: .part10), body: Pieces(file))
        await session.close()

        let object = try await archive.archive.retrieve.object(
            try await archive.instance(TestObject()),
            in: TranscodingRequest(to: .rleLossless),
            as: TestArchive.administrator
        )
        var compressed = ByteBuffer()
        for try await piece in object { compressed.writeImmutableBuffer(piece) }
        let back = try await transcode(compressed, to: .explicitVRLittleEndian)

        #expect(try pixels(back.file) == expected)
    }

    @Test func `an object without Pixel Data cannot be compressed`() async throws {
        let dataSet = DataSet(TestObject().dataSet.elements.filter { $0.tag != .pixelData })
        var file = try Part10Header.encoded(
            sopClassUID: TestObject().sopClass,
            sopInstanceUID: TestObject().instance,
            transferSyntax: .explicitVRLittleEndian,
            implementationClassUID: UID(literal: "1.2.3.4"),
            implementationVersionName: "TEST"
        )
        file.writeImmutableBuffer(try DataSetEncoder.encode(dataSet, in: .explicitVRLittleEndian))

        let error = await #expect(throws: TranscodingError.self) { try await transcode(file, to: .rleLossless) }

        #expect(error?.code == .noPixelData)
        #expect(try await transcode(file, to: .implicitVRLittleEndian).summary.frameCount == 0)
    }

    @Test func `a frame beyond the limit is refused before it is made`() async throws {
        let file = try TestObject().part10()
        var limits = PixelService.Limits()
        limits.frame.frameLength = 127

        let error = await #expect(throws: TranscodingError.self) {
            try await transcode(file, to: .rleLossless, limits: limits)
        }
        limits.frame.frameLength = 128

        #expect(error?.code == .notDecodable)
        #expect(codec.encodedCount == 0)
        #expect(try await transcode(file, to: .rleLossless, limits: limits).summary.frameCount == 1)
    }

    @Test func `memory for one frame is enough for many`() async throws {
        var object = TestObject()
        object.frames = 50
        var limits = PixelService.Limits()
        limits.inFlightLength = 1

        let (file, _) = try await transcode(try object.part10(), to: .rleLossless, limits: limits)

        #expect(try Self.scan(file).frameIndex?.frameCount == 50)
    }
}
