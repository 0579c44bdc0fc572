/// How many values an element may have (PS3.5 6.4): from a least number on, in steps, up to a limit if there is one.
public struct ValueMultiplicity: Sendable, Hashable {
    /// The least number of values.
    public let minimum: Int
    /// The greatest number; `nil` without limit.
    public let maximum: Int?
    /// Values come in multiples of this.
    public let step: Int

    /// Reads what the dictionary prints: `1`, `1-3`, `1-n`, `2-2n`, and several of them with `or` between, of which the
    /// widest counts.
    ///
    /// - Returns: `nil` for anything else.
    public init?(_ text: some StringProtocol) {
        var widest: ValueMultiplicity?
        for choice in text.split(separator: " ") where choice != "or" {
            guard let single = ValueMultiplicity(single: choice) else { return nil }
            guard let before = widest else {
                widest = single
                continue
            }
            let maximum = before.maximum.flatMap { first in single.maximum.map { max(first, $0) } }
            widest = ValueMultiplicity(
                minimum: min(before.minimum, single.minimum),
                maximum: maximum,
                step: min(before.step, single.step)
            )
        }
        guard let widest else { return nil }
        self = widest
    }

    private init(minimum: Int, maximum: Int?, step: Int) {
        self.minimum = minimum
        self.maximum = maximum
        self.step = step
    }

    private init?(single text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard let first = parts.first.flatMap({ Int($0) }), first >= 0, parts.count <= 2 else { return nil }
        guard parts.count == 2 else {
            self.init(minimum: first, maximum: first, step: 1)
            return
        }
        if parts[1].last == "n" {
            let factor = parts[1].dropLast()
            guard let step = factor.isEmpty ? 1 : Int(factor), step > 0 else { return nil }
            self.init(minimum: first, maximum: nil, step: step)
        } else {
            guard let last = Int(parts[1]), last >= first else { return nil }
            self.init(minimum: first, maximum: last, step: 1)
        }
    }

    /// Whether an element may have so many values; an element without any is another matter than multiplicity.
    public func allows(_ count: Int) -> Bool {
        count >= minimum && count % step == 0 && (maximum.map { count <= $0 } ?? true)
    }
}
