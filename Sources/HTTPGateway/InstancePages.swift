import AccessControl
import ArchiveCatalog
import ArchiveServices
import Platform

/// The instances of a scope page by page, each once, also while more of them arrive.
///
/// A page is read from where the one before ended. An instance that arrives in between pushes others into the next page
/// that were handed out already; those are left out of it. A value: a copy goes on from the same place.
struct InstancePages: Sendable {
    /// Reads at most `limit` instances behind the first `offset`.
    typealias Read = @Sendable (_ offset: Int, _ limit: Int) async throws(ArchiveError) -> [ArchivedInstance]

    private let length: Int
    private let read: Read
    private var offset = 0
    private var isAtEnd = false
    private var handedOut: Set<RandomID> = []

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
        self.init(length: length) { offset, limit throws(ArchiveError) in
            try await retrieve.instances(
                in: scope,
                as: principal,
                offset: offset,
                limit: limit,
                includesHeader: includesHeader
            )
        }
    }

    /// The next page; `nil` at the end.
    ///
    /// - Throws: `.notFound` when the scope holds nothing at all.
    mutating func next() async throws(ArchiveError) -> [ArchivedInstance]? {
        while !isAtEnd {
            let page = try await read(offset, length)
            offset += page.count
            isAtEnd = page.count < length
            let fresh = page.filter { handedOut.insert($0.record.location.recordID).inserted }
            if !fresh.isEmpty { return fresh }
        }
        return nil
    }
}
