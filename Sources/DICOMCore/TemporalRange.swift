/// What a key of a query asks of dates or times: from the first to the last, an open end being `nil` (PS3.4 C.2.2.2.5).
///
/// A single value is a range with two equal ends.
public struct TemporalRange<Bound: Sendable & Hashable>: Sendable, Hashable {
    /// The first value; `nil`: from ever.
    public let from: Bound?
    /// The last value; `nil`: for ever.
    public let to: Bound?
    /// Whether it was written as one value, without a hyphen.
    public let isSingle: Bool

    /// Makes a range.
    public init(from: Bound?, to: Bound?) {
        self.from = from
        self.to = to
        isSingle = false
    }

    /// Makes a range of one value.
    public init(_ single: Bound) {
        from = single
        to = single
        isSingle = true
    }

    /// Reads `A`, `A-B`, `-B` and `A-`.
    fileprivate init?(_ text: some StringProtocol, _ read: (ArraySlice<UInt8>) -> Bound?) {
        let bytes = Self.trimmed(Array(text.utf8)[...])
        guard bytes.count <= lengthLimit else { return nil }
        // A hyphen may belong to a value: the offset of a date and time from UTC.
        if let single = read(bytes) {
            self.init(single)
            return
        }
        for place in bytes.indices where bytes[place] == 0x2D {
            let first = Self.trimmed(bytes[..<place])
            let last = Self.trimmed(bytes[(place + 1)...])
            let from = first.isEmpty ? nil : read(first)
            let to = last.isEmpty ? nil : read(last)
            guard first.isEmpty || from != nil, last.isEmpty || to != nil, from != nil || to != nil else { continue }
            self.init(from: from, to: to)
            return
        }
        return nil
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes.drop { $0 == 0x20 || $0 == 0 }
        while let last = bytes.last, last == 0x20 || last == 0 { bytes.removeLast() }
        return bytes
    }
}

/// Bytes of the longest range, two dates and times of 26 with blanks around them; more is not looked at.
private let lengthLimit = 64

extension TemporalRange<DICOMDate> {
    /// Reads a date or a range of dates; `nil` for anything else.
    public init?(_ text: some StringProtocol) {
        self.init(text) { DICOMDate(String(decoding: $0, as: UTF8.self)) }
    }
}

extension TemporalRange<DICOMTime> {
    /// Reads a time or a range of times; `nil` for anything else.
    public init?(_ text: some StringProtocol) {
        self.init(text) { DICOMTime(String(decoding: $0, as: UTF8.self)) }
    }
}

extension TemporalRange<DICOMDateTime> {
    /// Reads a date and time or a range of them; `nil` for anything else.
    ///
    /// A hyphen is the sign of an offset from UTC where that makes sense, `1990-0500`; otherwise it stands between two
    /// values, `1990-2005`.
    public init?(_ text: some StringProtocol) {
        self.init(text) { DICOMDateTime(bytes: $0) }
    }
}
