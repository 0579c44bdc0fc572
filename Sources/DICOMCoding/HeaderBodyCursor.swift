import DICOMCore

/// Reads the parts of a header body one after another; `nil` where it ends too early or makes no sense.
struct HeaderBodyCursor {
    /// What stands in front of a value.
    struct Element {
        let tag: UInt32
        let vr: VR
        let kind: Kind
    }

    /// Where the value of an element is.
    enum Kind {
        case value(Range<Int>)
        case items(UInt32)
        case bulk(BulkValue)
    }

    let body: [UInt8]
    private(set) var position = 0

    init(body: [UInt8]) {
        self.body = body
    }

    var isAtEnd: Bool { position == body.count }

    mutating func readCount() -> UInt32? {
        guard body.count - position >= 4 else { return nil }
        let word =
            UInt32(body[position]) | UInt32(body[position + 1]) << 8 | UInt32(body[position + 2]) << 16
            | UInt32(body[position + 3]) << 24
        position += 4
        return word
    }

    mutating func readElement() -> Element? {
        guard let tag = readCount(), body.count - position >= 3,
            let vr = VR(rawValue: UInt16(body[position]) << 8 | UInt16(body[position + 1]))
        else { return nil }
        let code = body[position + 2]
        position += 3
        switch code {
        case 0:
            guard let length = readCount(), Int(length) <= body.count - position else { return nil }
            let range = position..<position + Int(length)
            position = range.upperBound
            return Element(tag: tag, vr: vr, kind: .value(range))
        case 1:
            guard let items = readCount() else { return nil }
            return Element(tag: tag, vr: vr, kind: .items(items))
        case 2, 3:
            guard let offset = readLong(), let length = readLong() else { return nil }
            let bulk = BulkValue(offset: offset, length: length, isEncapsulated: code == 3)
            return Element(tag: tag, vr: vr, kind: .bulk(bulk))
        default:
            return nil
        }
    }

    private mutating func readLong() -> UInt64? {
        guard let low = readCount(), let high = readCount() else { return nil }
        return UInt64(low) | UInt64(high) << 32
    }
}
