import ArchiveCatalog
import DICOMCore

extension QueryItems {
    /// The number of an item such as `limit`.
    static func number(_ item: QueryItems.Item) throws(RequestError) -> Int {
        guard (1...12).contains(item.value.utf8.count), item.value.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(item.value)
        else { throw RequestError(.badRequest, "\(item.name) is no whole number from 0 on, or too large") }
        return number
    }

    /// The attribute that a key names.
    static func tag(_ name: Substring) throws(RequestError) -> Tag {
        do {
            if let tag = try AttributeName(name).tag { return tag }
        } catch {
            let hint = error.suggestion.map { "; did you mean \($0)?" } ?? ""
            throw RequestError(
                .badRequest,
                "A key of the query is neither a keyword of PS3.6 nor a tag; keywords are case-sensitive" + hint
            )
        }
        throw RequestError(.badRequest, "A key of the query names a private attribute by its creator")
    }
}
