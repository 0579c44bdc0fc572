public import NIOCore

/// A Data Element: tag, Value Representation, value (PS3.5 7.1).
public struct DataElement: Sendable, Hashable {
    /// The tag.
    public let tag: Tag
    /// The Value Representation.
    ///
    /// `.un` when neither the encoding nor the dictionary tells it.
    public let vr: VR
    /// The value.
    public let value: Value

    /// Where the value is.
    public enum Value: Sendable, Hashable {
        /// The bytes of the value field with their padding; numbers in little-endian order whatever the source had.
        case bytes(ByteBuffer)
        /// The items of a sequence.
        case items([DataSet])
        /// Bulk that was not kept in memory; it stays where it was read.
        case bulk(BulkValue)
    }

    /// Makes an element.
    public init(tag: Tag, vr: VR, value: Value) {
        self.tag = tag
        self.vr = vr
        self.value = value
    }

    /// The bytes of the value field; `nil` for sequences and bulk.
    public var bytes: ByteBuffer? {
        if case .bytes(let buffer) = value { buffer } else { nil }
    }

    /// The items of a sequence; empty for other elements.
    public var items: [DataSet] {
        if case .items(let items) = value { items } else { [] }
    }
}

/// A value that stays in the stored object: where it begins and how long it is.
public struct BulkValue: Sendable, Hashable {
    /// Bytes from the first byte of the Data Set (of the inflated one when the Transfer Syntax is deflated) to the
    /// first byte of the value field.
    public let offset: UInt64
    /// Bytes of the value field.
    ///
    /// For encapsulated Pixel Data: all items with their headers, up to the Sequence Delimitation Item and without
    /// it.
    public let length: UInt64
    /// Whether the value is a sequence of fragments (PS3.5 A.4).
    public let isEncapsulated: Bool

    /// Makes a reference.
    public init(offset: UInt64, length: UInt64, isEncapsulated: Bool = false) {
        self.offset = offset
        self.length = length
        self.isEncapsulated = isEncapsulated
    }
}
