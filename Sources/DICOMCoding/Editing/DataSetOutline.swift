import DICOMCore
import NIOCore

/// Where the elements of a Data Set stand, without their values.
///
/// About 100 bytes per element.
struct DataSetOutline: Sendable {
    /// A Data Set or item.
    struct Level: Sendable {
        /// Bytes to the item's header; 0 for the outermost Data Set.
        var offset: UInt64 = 0
        /// Bytes to the first element, and to the end of the last one.
        var contentStart: UInt64 = 0
        var contentEnd: UInt64 = 0
        /// Bytes to what follows: behind the delimiter if there is one.
        var end: UInt64 = 0
        /// Whether the item's header tells its length.
        var hasLength = false
        var encoding = Encoding(isImplicitVR: false, isBigEndian: false)
        /// The sequence that the item belongs to, and the sequences around it.
        var sequence: Int?
        var depth = 0
        /// The elements, in the order of their bytes.
        var elements: [Int] = []
        var blocks = PrivateBlocks()
        /// The terms of its own Specific Character Set; `nil` when it has none.
        var characterSetTerms: [String]?
    }

    /// How the elements of a level are encoded.
    struct Encoding: Sendable, Hashable {
        let isImplicitVR: Bool
        let isBigEndian: Bool

        var transferSyntax: TransferSyntax {
            if isImplicitVR { return .implicitVRLittleEndian }
            return isBigEndian ? .explicitVRBigEndian : .explicitVRLittleEndian
        }
    }

    /// An element: its header is `offset..<valueOffset`.
    struct Element: Sendable {
        let tag: Tag
        let vr: VR
        let offset: UInt64
        let valueOffset: UInt64
        /// Whether the header tells the length of the value.
        let hasLength: Bool
        let level: Int
        /// Whether it is a sequence whose items are known, and how they are encoded.
        let itemEncoding: Encoding?
        var isSequence: Bool { itemEncoding != nil }
        /// Bytes to the end of the last item, for sequences.
        var contentEnd: UInt64 = 0
        /// Bytes to what follows.
        var end: UInt64 = 0
        /// The levels of its items.
        var items: [Int] = []
    }

    var levels: [Level] = [Level()]
    var elements: [Element] = []
    /// Values that the planner has asked for, by element.
    var values: [Int: ByteBuffer] = [:]

    /// Where the length field of an element stands, and how many bytes it has.
    func lengthField(of element: Element) -> Range<UInt64> {
        let isShort =
            !levels[element.level].encoding.isImplicitVR && element.valueOffset - element.offset == 8
        return element.valueOffset - (isShort ? 2 : 4)..<element.valueOffset
    }

    /// The first element of a level with a tag.
    func first(_ tag: Tag, in level: Int) -> Int? {
        levels[level].elements.first { elements[$0].tag == tag }
    }
}
