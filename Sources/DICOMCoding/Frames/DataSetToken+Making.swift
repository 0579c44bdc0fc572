package import DICOMCore
package import NIOCore

extension DataSetToken {
    /// An element with its value, as if it had been read.
    package static func element(_ element: DataElement) -> DataSetToken {
        let value = element.bytes ?? ByteBuffer()
        return .element(header(element.tag, element.vr, length: value.readableBytes), value)
    }

    /// The tokens of a native bulk value with little-endian words.
    package static func bulk(_ tag: Tag, _ vr: VR, _ value: ByteBuffer) -> [DataSetToken] {
        [.beginBulk(header(tag, vr, length: value.readableBytes)), .bulkBytes(value), .endBulk]
    }

    private static func header(_ tag: Tag, _ vr: VR, length: Int) -> ElementHeader {
        ElementHeader(
            tag: tag,
            vr: vr,
            offset: 0,
            valueOffset: 0,
            length: UInt32(clamping: length),
            isBigEndian: false
        )
    }
}
