import ArchiveCatalog

/// The query of a request target as names and values, decoded once, in order.
package struct QueryItems: Sendable, Hashable {
    typealias Item = QueryText.Item

    let items: [Item]

    /// Reads `a=b&c=d`; a plus sign is a space.
    ///
    /// - Throws: `.badRequest` for broken percent-encoding and for bytes that are no UTF-8.
    package init(_ raw: (some StringProtocol)?) throws(RequestError) {
        guard let raw else {
            items = []
            return
        }
        guard let text = QueryText(raw) else {
            throw RequestError(.badRequest, "The query is not percent-encoded UTF-8")
        }
        items = text.items
    }

    /// The values of a name, in order.
    func values(of name: String) -> [String] {
        items.filter { $0.name == name }.map(\.value)
    }
}
