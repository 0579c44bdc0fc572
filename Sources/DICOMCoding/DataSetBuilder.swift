import DICOMCore
import NIOCore

/// Makes a Data Set of tokens.
///
/// Bulk becomes a reference to where it stands.
///
/// Values are copied into one buffer as they pass, so that the chunks they came in can go, and the tree is built at the
/// end in one pass without recursion.
struct DataSetBuilder: Sendable {
    private enum Node: Sendable {
        case value(Tag, VR, start: Int, length: Int)
        case bulk(Tag, VR, BulkValue)
        case beginSequence(Tag)
        case endSequence
        case beginItem
        case endItem
    }

    private var nodes: [Node] = []
    private var values = ByteBuffer()
    private var openFragments: ElementHeader?

    mutating func accept(_ token: DataSetToken) {
        switch token {
        case .element(let header, let bytes):
            nodes.append(.value(header.tag, header.vr, start: values.writerIndex, length: bytes.readableBytes))
            values.writeImmutableBuffer(bytes)
        case .beginSequence(let header): nodes.append(.beginSequence(header.tag))
        case .endSequence: nodes.append(.endSequence)
        case .beginItem: nodes.append(.beginItem)
        case .endItem: nodes.append(.endItem)
        case .beginBulk(let header):
            let bulk = BulkValue(offset: header.valueOffset, length: UInt64(header.length ?? 0))
            nodes.append(.bulk(header.tag, header.vr, bulk))
        case .beginFragments(let header): openFragments = header
        case .endFragments(let offset):
            guard let header = openFragments else { return }
            let length = offset - min(header.valueOffset, offset)
            let bulk = BulkValue(offset: header.valueOffset, length: length, isEncapsulated: true)
            nodes.append(.bulk(header.tag, header.vr, bulk))
            openFragments = nil
        case .bulkBytes, .endBulk, .beginFragment, .endFragment: break
        }
    }

    /// The Data Set of all tokens so far.
    func dataSet() -> DataSet {
        var tree = DataSetTree()
        for node in nodes {
            switch node {
            case .value(let tag, let vr, let start, let length):
                // The slice exists: it was written there.
                let bytes = values.getSlice(at: start, length: length) ?? ByteBuffer()
                tree.add(DataElement(tag: tag, vr: vr, value: .bytes(bytes)))
            case .bulk(let tag, let vr, let bulk): tree.add(DataElement(tag: tag, vr: vr, value: .bulk(bulk)))
            case .beginSequence(let tag): tree.beginSequence(tag)
            case .endSequence: tree.endSequence()
            case .beginItem: tree.beginItem()
            case .endItem: tree.endItem()
            }
        }
        return tree.dataSet()
    }
}

/// Data Sets inside Data Sets while they are being put together, from the outside in.
///
/// What is open lies on two stacks, so that each item and each sequence costs one allocation, at its end.
struct DataSetTree: Sendable {
    private struct Sequence: Sendable {
        let tag: Tag
        /// Where its items begin on their stack.
        let start: Int
    }

    private var elements: [DataElement] = []
    private var items: [DataSet] = []
    private var sequences: [Sequence] = []
    /// Where the elements of each open item begin on their stack.
    private var itemStarts: [Int] = []

    mutating func add(_ element: DataElement) {
        elements.append(element)
    }

    mutating func beginSequence(_ tag: Tag) {
        sequences.append(Sequence(tag: tag, start: items.count))
    }

    mutating func endSequence() {
        guard let sequence = sequences.popLast() else { return }
        let ended = Array(items[sequence.start...])
        items.removeSubrange(sequence.start...)
        add(DataElement(tag: sequence.tag, vr: .sq, value: .items(ended)))
    }

    mutating func beginItem() {
        itemStarts.append(elements.count)
    }

    mutating func endItem() {
        guard let start = itemStarts.popLast() else { return }
        let ended = Array(elements[start...])
        elements.removeSubrange(start...)
        if !sequences.isEmpty { items.append(DataSet(ended)) }
    }

    /// The outermost Data Set.
    func dataSet() -> DataSet {
        DataSet(Array(elements[..<(itemStarts.first ?? elements.count)]))
    }
}
