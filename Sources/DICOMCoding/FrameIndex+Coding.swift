public import DICOMCore
public import NIOCore

extension FrameIndex {
    private static let version: UInt8 = 1
    private static let nativeKind: UInt8 = 1
    private static let encapsulatedKind: UInt8 = 2

    /// The stored form.
    public func encoded() -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeInteger(Self.version)
        switch layout {
        case .native(let offset, let bitsPerFrame):
            bytes.writeInteger(Self.nativeKind)
            bytes.writeInteger(UInt64(frameCount), endianness: .little)
            bytes.writeInteger(bitsPerFrame, endianness: .little)
            bytes.writeInteger(offset, endianness: .little)
        case .encapsulated(let frames):
            bytes.writeInteger(Self.encapsulatedKind)
            bytes.writeInteger(UInt8(frames.width))
            bytes.writeInteger(frames.firstFragments == nil ? 1 : 0 as UInt8)
            bytes.writeInteger(UInt32(frameCount), endianness: .little)
            bytes.writeInteger(UInt32(frames.fragmentCount), endianness: .little)
            bytes.writeInteger(frames.base, endianness: .little)
            bytes.writeImmutableBuffer(frames.positions)
            if let firstFragments = frames.firstFragments { bytes.writeImmutableBuffer(firstFragments) }
        }
        return bytes
    }

    /// Takes the stored form.
    ///
    /// O(1): the tables are slices, and each entry is checked when it is used.
    ///
    /// - Throws: `.badArchive` for another version, or lengths that do not fit together.
    public init(decoding bytes: ByteBuffer) throws(DataSetError) {
        var rest = bytes
        let index: FrameIndex?
        switch (rest.readInteger(as: UInt8.self), rest.readInteger(as: UInt8.self)) {
        case (Self.version, Self.nativeKind): index = Self.native(&rest)
        case (Self.version, Self.encapsulatedKind): index = Self.encapsulated(&rest)
        default: index = nil
        }
        guard let index, rest.readableBytes == 0 else {
            throw DataSetError(.badArchive, at: UInt64(bytes.readableBytes - rest.readableBytes))
        }
        self = index
    }

    private static func native(_ bytes: inout ByteBuffer) -> FrameIndex? {
        guard let frames = bytes.readInteger(endianness: .little, as: UInt64.self),
            let bitsPerFrame = bytes.readInteger(endianness: .little, as: UInt64.self),
            let offset = bytes.readInteger(endianness: .little, as: UInt64.self),
            let frameCount = Int(exactly: frames)
        else { return nil }
        return FrameIndex(frameCount: frameCount, bitsPerFrame: bitsPerFrame, offset: offset)
    }

    private static func encapsulated(_ bytes: inout ByteBuffer) -> FrameIndex? {
        guard let width = bytes.readInteger(as: UInt8.self), width == 4 || width == 8,
            let oneToOne = bytes.readInteger(as: UInt8.self), oneToOne <= 1,
            let frameCount = bytes.readInteger(endianness: .little, as: UInt32.self), frameCount > 0,
            let fragmentCount = bytes.readInteger(endianness: .little, as: UInt32.self),
            let base = bytes.readInteger(endianness: .little, as: UInt64.self),
            oneToOne == 0 ? frameCount <= fragmentCount : frameCount == fragmentCount,
            let positions = bytes.readSlice(length: (Int(fragmentCount) + 1) * Int(width))
        else { return nil }
        var firstFragments: ByteBuffer?
        if oneToOne == 0 {
            guard let table = bytes.readSlice(length: (Int(frameCount) + 1) * 4) else { return nil }
            firstFragments = table
        }
        let frames = EncapsulatedFrames(
            base: base,
            fragmentCount: Int(fragmentCount),
            width: Int(width),
            positions: positions,
            firstFragments: firstFragments
        )
        return FrameIndex(frameCount: Int(frameCount), layout: .encapsulated(frames))
    }
}
