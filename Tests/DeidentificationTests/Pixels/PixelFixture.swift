import DICOMCoding
import DICOMCore
import DICOMPixels
import Deidentification
import NIOCore
import Synchronization

/// Headers and frames for tests of pixels.
enum PixelFixture {
    static func header(_ elements: [DataElement] = [], rows: Int = 64, columns: Int = 96) -> DataSet {
        var header = DataSet([
            .text(.modality, .cs, "US"), .unsignedShort(.rows, UInt16(rows)), .unsignedShort(.columns, UInt16(columns)),
            .unsignedShort(.samplesPerPixel, 1), .unsignedShort(.bitsAllocated, 8), .unsignedShort(.bitsStored, 8),
            .unsignedShort(.highBit, 7), .unsignedShort(.pixelRepresentation, 0),
            .text(.photometricInterpretation, .cs, "MONOCHROME2"),
            DataElement(tag: .pixelData, vr: .ob, value: .bulk(BulkValue(offset: 0, length: 1))),
        ])
        for element in elements { header.set(element) }
        return header
    }

    /// One frame in one fragment.
    static func encapsulatedIndex() throws -> FrameIndex {
        var bytes = ByteBuffer(bytes: [1, 2, 4, 1])
        for number: UInt32 in [1, 1] { bytes.writeInteger(number, endianness: .little) }
        bytes.writeInteger(UInt64(0), endianness: .little)
        for position: UInt32 in [8, 116] { bytes.writeInteger(position, endianness: .little) }
        return try FrameIndex(decoding: bytes)
    }

    /// A source of frames of one byte for each sample, native.
    static func source(_ header: DataSet, _ frames: [[UInt8]]) throws -> PixelSource {
        let format = try PixelFormat(header)
        let index = FrameIndex(
            frameCount: frames.count,
            bitsPerFrame: UInt64(format.frameBits),
            offset: 0
        )
        return PixelSource(header: header, transferSyntax: .explicitVRLittleEndian, frameIndex: index) { frame in
            ByteBuffer(bytes: frames[frame])
        }
    }
}

/// Codecs in this process, at once.
struct DirectCodec: PixelCodec {
    func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat
    ) async throws(PixelError) -> PixelFrame {
        try CodecLibrary.decode(encoded, in: transferSyntax, as: format, limits: PixelLimits())
    }

    func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions
    ) async throws(PixelError) -> ByteBuffer {
        try CodecLibrary.encode(frame, in: transferSyntax, options: options, limits: PixelLimits())
    }
}

/// Reads what a test tells it to; a word is there as long as something dark is in its box.
final class ScriptedRecognizer: TextRecognizer {
    private let text: [RecognizedWord]
    private let isBlind: Bool
    private let calls = Mutex(0)

    /// - Parameter isBlind: whether it goes on seeing words that were blacked out.
    init(_ text: [RecognizedWord], isBlind: Bool = false) {
        self.text = text
        self.isBlind = isBlind
    }

    var callCount: Int { calls.withLock { $0 } }

    func words(in picture: GrayPicture) async throws(PixelError) -> [RecognizedWord] {
        calls.withLock { $0 += 1 }
        return text.filter { word in isBlind || Self.holdsInk(picture, word.box) }
    }

    private static func holdsInk(_ picture: GrayPicture, _ box: PixelRectangle) -> Bool {
        guard let box = box.clipped(width: picture.width, height: picture.height) else { return false }
        return (box.y..<box.endY).contains { y in
            (box.x..<box.endX).contains { x in picture.samples[y * picture.width + x] < 128 }
        }
    }
}
