import AccessControl
import ArchiveServices

/// The instances of a scope page by page, each once, also while more of them arrive.
///
/// A page is read from behind the last instance of the one before, so what arrives in between shifts nothing. A value: a
/// copy goes on from the same place.
struct InstancePages: Sendable {
    /// Reads at most `limit` instances behind that one, or from the beginning; none at the end alone.
    typealias Read =
        @Sendable (_ last: ArchivedInstance?, _ limit: Int) async throws(ArchiveError) -> [ArchivedInstance]

    private let length: Int
    private let read: Read
    private var last: ArchivedInstance?
    private var isAtEnd = false

    init(length: Int, read: @escaping Read) {
        self.length = length
        self.read = read
    }

    /// Pages of what the archive has in a scope.
    init(
        of scope: RetrieveScope,
        from retrieve: RetrieveService,
        length: Int,
        includesHeader: Bool,
        as principal: Principal
    ) {
        self.init(length: length) { last, limit throws(ArchiveError) in
            try await retrieve.instances(
                in: scope,
                as: principal,
                after: last,
                limit: limit,
                includesHeader: includesHeader
            )
        }
    }

    /// The next page; `nil` at the end.
    ///
    /// - Throws: `.notFound` when the scope holds nothing at all.
    mutating func next() async throws(ArchiveError) -> [ArchivedInstance]? {
        guard !isAtEnd else { return nil }
        let page = try await read(last, length)
        last = page.last
        // A page of large headers may be short and not the last.
        isAtEnd = page.isEmpty
        return isAtEnd ? nil : page
    }
}
