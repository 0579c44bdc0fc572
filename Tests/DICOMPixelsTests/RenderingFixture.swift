import DICOMCore
import DICOMPixels
import NIOCore

/// A grey image of 16 bits with some attributes; frames are given as samples.
struct Picture {
    var header: DataSet
    var format: PixelFormat

    init(
        columns: Int,
        rows: Int = 1,
        bitsAllocated: Int = 16,
        bitsStored: Int? = nil,
        highBit: Int? = nil,
        kind: PixelFormat.SampleKind = .unsigned,
        samplesPerPixel: Int = 1,
        _ interpretation: PhotometricInterpretation = .monochrome2,
        isPlanar: Bool = false,
        _ elements: [DataElement] = []
    ) throws {
        format = try PixelFormat(
            rows: rows,
            columns: columns,
            samplesPerPixel: samplesPerPixel,
            bitsAllocated: bitsAllocated,
            bitsStored: bitsStored,
            highBit: highBit,
            kind: kind,
            photometricInterpretation: interpretation,
            isPlanar: isPlanar
        )
        header = DataSet(elements)
        header.set(.text(.photometricInterpretation, .cs, interpretation.rawValue))
        header.set(.unsignedShort(.pixelRepresentation, kind == .signed ? 1 : 0))
    }

    /// A grey image with these elements.
    init(
        columns: Int,
        rows: Int = 1,
        bitsAllocated: Int = 16,
        bitsStored: Int? = nil,
        kind: PixelFormat.SampleKind = .unsigned,
        _ elements: [DataElement]
    ) throws {
        try self.init(
            columns: columns,
            rows: rows,
            bitsAllocated: bitsAllocated,
            bitsStored: bitsStored,
            kind: kind,
            .monochrome2,
            elements
        )
    }

    /// A frame of words.
    func frame(_ words: [Int]) throws -> PixelFrame {
        var bytes = ByteBuffer()
        for word in words { bytes.writeInteger(UInt16(truncatingIfNeeded: word), endianness: .little) }
        return try PixelFrame(format, bytes)
    }

    /// The picture of a frame of words.
    func rendered(
        _ words: [Int],
        frameIndex: Int = 0,
        state: DataSet? = nil,
        _ request: RenderingRequest = RenderingRequest()
    ) throws -> RenderedImage {
        try FrameRenderer(header: header, presentationState: state)
            .render(try frame(words), frameIndex: frameIndex, request: request)
    }

    /// The picture of a frame of bytes.
    func rendered(
        bytes: [UInt8],
        frameIndex: Int = 0,
        _ request: RenderingRequest = RenderingRequest()
    ) throws
        -> RenderedImage
    {
        try FrameRenderer(header: header)
            .render(try PixelFrame(format, ByteBuffer(bytes: bytes)), frameIndex: frameIndex, request: request)
    }
}

extension RenderedImage {
    /// The samples of a picture of 8 bits.
    var levels: [UInt8] { Array(bytes.readableBytesView) }
}

extension DataElement {
    /// OW with these words.
    static func words(_ tag: Tag, _ words: [UInt16], vr: VR = .ow) -> DataElement {
        var bytes = ByteBuffer()
        for word in words { bytes.writeInteger(word, endianness: .little) }
        return DataElement(tag: tag, vr: vr, value: .bytes(bytes))
    }

    /// OB with these bytes.
    static func octets(_ tag: Tag, _ octets: [UInt8]) -> DataElement {
        DataElement(tag: tag, vr: .ob, value: .bytes(ByteBuffer(bytes: octets)))
    }
}

/// A table as item of a LUT sequence.
func table(_ descriptor: [UInt16], _ data: DataElement, vr: VR = .us) -> DataSet {
    DataSet([.words(.lutDescriptor, descriptor, vr: vr), data])
}
