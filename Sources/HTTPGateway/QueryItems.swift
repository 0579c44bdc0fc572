/// The query of a request target as names and values, decoded once, in order.
package struct QueryItems: Sendable, Hashable {
    /// One `name=value`.
    struct Item: Sendable, Hashable {
        let name: String
        let value: String
    }

    let items: [Item]

    /// Reads `a=b&c=d`; a plus sign is a space.
    ///
    /// - Throws: `.badRequest` for broken percent-encoding and for bytes that are no UTF-8.
    package init(_ raw: (some StringProtocol)?) throws(RequestError) {
        var items: [Item] = []
        if let raw {
            for pair in Array(raw.utf8).split(separator: 0x26) {
                let halves = pair.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
                guard let name = halves.first.flatMap({ Self.text($0) }),
                    let value = halves.count == 2 ? Self.text(halves[1]) : ""
                else { throw RequestError(.badRequest, "The query is not percent-encoded UTF-8") }
                items.append(Item(name: name, value: value))
            }
        }
        self.items = items
    }

    /// The values of a name, in order.
    func values(of name: String) -> [String] {
        items.filter { $0.name == name }.map(\.value)
    }

    private static func text(_ bytes: some Collection<UInt8>) -> String? {
        guard let decoded = PercentEncoding.decoded(bytes, plusIsSpace: true), !decoded.contains(0) else { return nil }
        return String(validating: decoded, as: UTF8.self)
    }
}
