public import DICOMCore
public import NIOCore

/// What stands before a value: tag, Value Representation and length (PS3.5 7.1), and where.
public struct ElementHeader: Sendable, Hashable {
    /// The tag.
    public let tag: Tag
    /// The Value Representation.
    ///
    /// As encoded; from the dictionary where the encoding has none or UN, and UN where the letters are unknown.
    public let vr: VR
    /// Bytes from the first byte of the Data Set to the tag.
    public let offset: UInt64
    /// Bytes from the first byte of the Data Set to the value field.
    public let valueOffset: UInt64
    /// Bytes of the value field; `nil` when the length is undefined.
    public let length: UInt32?
    /// Whether numbers in the value field have their most significant byte first; what stands in UN never has.
    public let isBigEndian: Bool
}

/// One step through a Data Set.
///
/// An element with a value in memory is one token. Sequences, items, bulk and fragments have a beginning and an end, and
/// beginnings and ends are always paired, whatever the encoding used: lengths or delimiters.
public enum DataSetToken: Sendable, Hashable {
    /// An element with its value; numbers in little-endian order, padding kept.
    case element(ElementHeader, ByteBuffer)
    /// A sequence; items follow.
    case beginSequence(ElementHeader)
    /// The end of the innermost sequence.
    case endSequence
    /// An item of the innermost sequence; elements follow.
    case beginItem
    /// The end of the innermost item.
    case endItem
    /// An element whose value passes in pieces; `bulkBytes` follow.
    case beginBulk(ElementHeader)
    /// A piece of a bulk value or fragment, exactly as stored: big-endian numbers are not swapped.
    ///
    /// It is a slice of what was appended; ignoring it costs nothing.
    case bulkBytes(ByteBuffer)
    /// The end of a bulk value.
    case endBulk
    /// Encapsulated Pixel Data (PS3.5 A.4); fragments follow, the first is the Basic Offset Table.
    case beginFragments(ElementHeader)
    /// A fragment: bytes from the first byte of the Data Set to its contents, and their length; `bulkBytes` follow.
    case beginFragment(offset: UInt64, length: UInt32)
    /// The end of a fragment.
    case endFragment
    /// The end of the Pixel Data: bytes from the first byte of the Data Set to the Sequence Delimitation Item.
    case endFragments(offset: UInt64)
}
