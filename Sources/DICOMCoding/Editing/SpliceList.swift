import DICOMCore
import NIOCore

/// Gathers splices in any order, and adds those that keep the lengths around them true.
struct SpliceList {
    private struct Entry {
        let range: Range<UInt64>
        let bytes: ByteBuffer
        /// At one place: what ends inside comes before what begins outside, then in the order of tags.
        let depth: Int
        let order: Int

        var change: Int64 {
            Int64(bytes.readableBytes) - Int64(clamping: range.upperBound - range.lowerBound)
        }
    }

    private var entries: [Entry] = []
    /// Bytes that the content of levels and of sequences has become longer by.
    private var levelChanges: [Int: Int64] = [:]
    private var sequenceChanges: [Int: Int64] = [:]
    /// The same by group, for the group lengths of a level.
    private var groupChanges: [Int: [UInt16: Int64]] = [:]

    /// Puts bytes in the place of some of an element's.
    mutating func add(_ range: Range<UInt64>, _ bytes: ByteBuffer, of element: DataSetOutline.Element) {
        let entry = Entry(range: range, bytes: bytes, depth: 0, order: 0)
        entries.append(entry)
        change(element.level, element.tag, by: entry.change)
    }

    /// Puts an element in between.
    mutating func insert(_ bytes: ByteBuffer, at offset: UInt64, level: Int, _ depth: Int, _ tag: Tag) {
        entries.append(Entry(range: offset..<offset, bytes: bytes, depth: 2 * depth, order: Int(tag.rawValue)))
        change(level, tag, by: Int64(bytes.readableBytes))
    }

    /// Puts an item behind the last one of a sequence of a level at this depth.
    mutating func append(_ bytes: ByteBuffer, at offset: UInt64, to sequence: Int, _ depth: Int, _ order: Int) {
        entries.append(Entry(range: offset..<offset, bytes: bytes, depth: 2 * depth + 1, order: order))
        sequenceChanges[sequence, default: 0] += Int64(bytes.readableBytes)
    }

    /// Cuts an item out of a sequence.
    mutating func removeItem(_ range: Range<UInt64>, of sequence: Int) {
        let entry = Entry(range: range, bytes: ByteBuffer(), depth: 0, order: 0)
        entries.append(entry)
        sequenceChanges[sequence, default: 0] += entry.change
    }

    /// Cuts all elements out of an item.
    mutating func removeContent(_ range: Range<UInt64>, of level: Int) {
        let entry = Entry(range: range, bytes: ByteBuffer(), depth: 0, order: 0)
        entries.append(entry)
        levelChanges[level, default: 0] += entry.change
    }

    /// All splices in order, with the lengths of items, sequences and groups that follow from them.
    mutating func patch(_ outline: DataSetOutline) throws(EditError) -> DataSetPatch {
        try correctLengths(outline)
        correctGroupLengths(outline)
        correctLengthToEnd(outline)
        entries.sort { left, right in
            let (first, second) = (left.range, right.range)
            guard first.lowerBound == second.lowerBound else { return first.lowerBound < second.lowerBound }
            guard first.isEmpty == second.isEmpty else { return first.isEmpty }
            return (right.depth, left.order) < (left.depth, right.order)
        }
        return DataSetPatch(entries.map { DataSetPatch.Splice($0.range, $0.bytes) })
    }

    private mutating func change(_ level: Int, _ tag: Tag, by count: Int64) {
        guard count != 0 else { return }
        levelChanges[level, default: 0] += count
        groupChanges[level, default: [:]][tag.group, default: 0] += count
    }

    /// From the inside out: the levels of items come behind the level of their sequence.
    private mutating func correctLengths(_ outline: DataSetOutline) throws(EditError) {
        var pending: [Int: [Int]] = [:]
        for sequence in sequenceChanges.keys { pending[outline.elements[sequence].level, default: []].append(sequence) }
        for number in outline.levels.indices.reversed() {
            for sequence in pending[number] ?? [] {
                let count = sequenceChanges[sequence] ?? 0
                let element = outline.elements[sequence]
                change(number, element.tag, by: count)
                guard count != 0, element.hasLength else { continue }
                let length = element.end - element.valueOffset
                let field = outline.lengthField(of: element)
                try correct(field, length, by: count, outline.levels[number].encoding, element.tag)
            }
            let level = outline.levels[number]
            guard let sequence = level.sequence, let count = levelChanges[number], count != 0 else { continue }
            if sequenceChanges[sequence] == nil {
                pending[outline.elements[sequence].level, default: []].append(sequence)
            }
            sequenceChanges[sequence, default: 0] += count
            guard level.hasLength else { continue }
            let length = level.end - level.contentStart
            let field = level.contentStart - 4..<level.contentStart
            try correct(field, length, by: count, level.encoding, outline.elements[sequence].tag)
        }
    }

    private mutating func correct(
        _ field: Range<UInt64>,
        _ length: UInt64,
        by count: Int64,
        _ encoding: DataSetOutline.Encoding,
        _ tag: Tag
    ) throws(EditError) {
        let sum = Int64(clamping: length).addingReportingOverflow(count)
        // The highest length means that it is not defined.
        guard !sum.overflow, let new = UInt32(exactly: sum.partialValue), new < .max, field.count == 4 else {
            throw EditError(.valueTooLong, AttributeName.tag(tag).description)
        }
        entries.append(Entry(range: field, bytes: Self.word(new, encoding), depth: 0, order: 0))
    }

    /// Group lengths (PS3.5 7.2) stay as true as they were.
    private mutating func correctGroupLengths(_ outline: DataSetOutline) {
        for (level, groups) in groupChanges {
            for (group, count) in groups where count != 0 {
                guard let number = outline.first(Tag(group: group, element: 0), in: level) else { continue }
                correctValue(of: number, by: count, outline)
            }
        }
    }

    /// Length to End (0008,0001) of ACR-NEMA counts all that follows.
    private mutating func correctLengthToEnd(_ outline: DataSetOutline) {
        guard let number = outline.first(Tag(rawValue: 0x0008_0001), in: 0) else { return }
        let element = outline.elements[number]
        guard !entries.contains(where: { $0.range.overlaps(element.offset..<element.end) }) else { return }
        let following = entries.filter { $0.range.lowerBound >= element.end }
        correctValue(of: number, by: following.reduce(0) { $0 + $1.change }, outline)
    }

    private mutating func correctValue(of number: Int, by count: Int64, _ outline: DataSetOutline) {
        let element = outline.elements[number]
        guard count != 0, let value = outline.values[number], value.readableBytes == 4,
            let old = value.getInteger(at: value.readerIndex, endianness: .little, as: UInt32.self),
            let new = UInt32(exactly: Int64(old) + count)
        else { return }
        let range = element.valueOffset..<element.end
        let bytes = Self.word(new, outline.levels[element.level].encoding)
        entries.append(Entry(range: range, bytes: bytes, depth: 0, order: 0))
    }

    private static func word(_ number: UInt32, _ encoding: DataSetOutline.Encoding) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeInteger(number, endianness: encoding.isBigEndian ? .big : .little)
        return bytes
    }
}
