/// What a client accepts, the best first (RFC 9110 12.5.1).
struct AcceptHeader: Sendable, Hashable {
    /// The media ranges with a weight above zero, by falling weight, as given among equals.
    let ranges: [MediaType]

    /// Reads the header's values; without any, everything is accepted.
    ///
    /// Malformed entries are left out, and so are entries beyond `limit`.
    init(_ values: [String], limit: Int) {
        var weighted: [(type: MediaType, weight: Int)] = []
        var entries = 0
        for value in values {
            var scanner = HeaderScanner(value)
            while !scanner.isAtEnd, entries < limit {
                entries += 1
                if let type = MediaType(scanning: &scanner) {
                    weighted.append((type, Self.weight(type.parameters["q"])))
                }
                scanner.skipBehindComma()
            }
        }
        if entries == 0 { weighted = [(MediaType(essence: "*/*"), 1_000)] }
        ranges = weighted.enumerated()
            .filter { $0.element.weight > 0 }
            .sorted { ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset) }
            .map(\.element.type)
    }

    /// The first of `offered` that the client likes best, or `nil` when it accepts none of them.
    func best(of offered: [String]) -> String? {
        for range in ranges {
            if let match = offered.first(where: { range.includes($0) }) { return match }
        }
        return nil
    }

    // In thousandths; RFC 9110 12.4.2 allows three decimals. What is no number counts as zero.
    private static func weight(_ text: String?) -> Int {
        guard let text else { return 1_000 }
        guard let number = Double(text), number.isFinite else { return 0 }
        return Int((min(max(number, 0), 1) * 1_000).rounded())
    }
}
