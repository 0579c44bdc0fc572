import NIOCore
public import PackStorage

/// A promise of ``BlobStoreContract`` that a store did not keep.
public struct ContractViolation: Error, CustomStringConvertible {
    /// The promise, and where it is checked.
    public let description: String
}

/// What every `BlobStore` must do; each implementation runs it.
public struct BlobStoreContract: Sendable {
    private let store: any BlobStore
    /// The prefix of all keys, so that several runs may share a store.
    private let root: String

    /// Makes the suite for a store that has no blob whose key begins with `root`.
    public init(_ store: any BlobStore, root: String = "contract") {
        self.store = store
        self.root = root
    }

    /// Runs all of it.
    ///
    /// - Throws: ``ContractViolation``, or what the store threw where it must not.
    public func run() async throws {
        try await storesAndReads()
        try await readsLongBlobs()
        try await refusesToReplace()
        try await showsNothingOfAFailedSource()
        try await refusesWrongBytes()
        try await letsOneOfTwoWritersWin()
        try await deletes()
        try await listsInPages()
    }

    private func storesAndReads() async throws {
        let key = try key("ab/one.pack")
        try check(await store.status(key) == nil, "a blob that was not stored has no status")
        try await store.put(key, source("abcdefg"))

        let status = try await store.status(key)
        try check(status?.size == 7, "the size is that of the source")
        try check(status?.availability.isReadable == true, "a blob can be read at once")
        if let digest = status?.sha256 {
            try check(digest == source("abcdefg").sha256, "a digest that is kept is that of the source")
        }
        try check(await read(key, 0..<7) == "abcdefg", "the whole blob is read")
        try check(await read(key, 2..<4) == "cd", "a range is read")
        try check(await read(key, 5..<100) == "fg", "a range that reaches beyond the end is cut off")
        try check(await read(key, 7..<9) == "", "a range at the end is empty")
        try check(await read(key, 3..<3) == "", "an empty range is empty")
        try await check(.rangeTooLong, "a range above 16 MiB is refused") { () throws(BlobStoreError) in
            _ = try await store.get(key, range: 0..<BlobStoreLimits.rangeLength + 1)
        }
        let missing = try self.key("ab/none")
        try await check(.notFound, "a blob that was not stored cannot be read") { () throws(BlobStoreError) in
            _ = try await store.get(missing, range: 0..<1)
        }
        try await check(.notFound, "a blob that was not stored cannot be thawed") { () throws(BlobStoreError) in
            try await store.thaw(missing, days: 1)
        }
        try await store.thaw(key, days: 1)
        try check(await read(key, 0..<7) == "abcdefg", "thawing what is online changes nothing")
        let empty = try self.key("empty")
        try await store.put(empty, source(""))
        try check(await store.status(empty)?.size == 0, "an empty blob has the size 0")
        try check(await read(empty, 0..<10) == "", "an empty blob is empty")
    }

    private func readsLongBlobs() async throws {
        let key = try key("long")
        let bytes = ByteBuffer(bytes: (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
        try await store.put(key, BlobSource(bytes))

        for range in [0..<3_000_001, 0..<1_000_000, 1_048_575..<1_048_577, 2_999_999..<3_000_001] {
            let part = try await store.get(key, range: UInt64(range.lowerBound)..<UInt64(range.upperBound))
            let expected = bytes.getSlice(at: range.lowerBound, length: range.count)
            try check(part == expected, "bytes \(range) of a long blob are those that were stored")
        }
        try await store.delete(key)

        // The store reads back with more than one request what it does not trust its server with.
        let longer = ByteBuffer(repeating: 0x5A, count: Int(BlobStoreLimits.rangeLength) + 1)
        try await store.put(key, BlobSource(longer))
        try check(
            await store.status(key)?.size == BlobStoreLimits.rangeLength + 1,
            "a blob longer than one ranged read is stored"
        )
        try await store.delete(key)
    }

    private func refusesToReplace() async throws {
        let key = try key("ab/one.pack")
        try await check(.exists, "a blob is not replaced") { () throws(BlobStoreError) in
            try await store.put(key, source("other"))
        }
        try await check(.exists, "a blob is not replaced by the same bytes") { () throws(BlobStoreError) in
            try await store.put(key, source("abcdefg"))
        }
        try check(await read(key, 0..<7) == "abcdefg", "a blob that was not replaced is unchanged")
    }

    private func showsNothingOfAFailedSource() async throws {
        let key = try key("cd/failed")
        let failing = BlobSource(length: 3_000_000, sha256: source("").sha256) { range throws(BlobStoreError) in
            guard range.lowerBound < 2_000_000 else { throw BlobStoreError(.unavailable, "the source is gone") }
            return ByteBuffer(repeating: 1, count: range.count)
        }
        try await check(.bodyFailed, "a failure of the source is told") { () throws(BlobStoreError) in
            try await store.put(key, failing)
        }

        try check(await store.status(key) == nil, "nothing is there after a failure of the source")
        try check(await !keys("cd/").contains(key), "a blob that failed is in no list")
        try await store.put(key, source("whole"))
        try check(await store.status(key)?.size == 5, "the key is free after a failure")
    }

    private func refusesWrongBytes() async throws {
        let key = try key("cd/wrong")
        let wrong = BlobSource(length: 4, sha256: source("good").sha256) { _ throws(BlobStoreError) in
            ByteBuffer(string: "evil")
        }
        try await check(.corrupt, "bytes of another digest are refused") { () throws(BlobStoreError) in
            try await store.put(key, wrong)
        }
        try check(await store.status(key) == nil, "nothing is there after wrong bytes")
        try await store.put(key, source("good"))
        try check(await read(key, 0..<4) == "good", "the key is free after wrong bytes")
    }

    private func letsOneOfTwoWritersWin() async throws {
        let key = try key("ef/race")
        let store = store
        let outcomes = await withTaskGroup(of: Bool?.self) { group in
            for text in ["one..", "other"] {
                let source = source(text)
                group.addTask {
                    do throws(BlobStoreError) {
                        try await store.put(key, source)
                        return true
                    } catch {
                        return error.code == .exists ? false : nil
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        try check(outcomes.count { $0 == true } == 1, "one of two writers wins")
        try check(outcomes.count { $0 == false } == 1, "the other one learns that the key is taken")
        try check(await ["one..", "other"].contains(read(key, 0..<5)), "the blob of the winner is whole")
    }

    private func deletes() async throws {
        let key = try key("ab/two")
        try await store.put(key, source("2"))
        try await store.delete(key)
        try await store.delete(key)
        try check(await store.status(key) == nil, "a deleted blob has no status")
        try await store.put(key, source("2"))
        try check(await read(key, 0..<1) == "2", "the key of a deleted blob is free")
    }

    private func listsInPages() async throws {
        let names = ["ab-c/x", "ab.c", "ab/one.pack", "ab/two", "ab0", "cd/failed", "cd/wrong", "ef/race", "empty"]
        for name in ["ab-c/x", "ab.c", "ab0"] { try await store.put(key(name), source("x")) }

        try check(await keys("") == names.map(key), "a list is sorted by key")
        try check(await keys("ab") == names.prefix(5).map(key), "a prefix need not end at a component")
        try check(await keys("ab/") == [key("ab/one.pack"), key("ab/two")], "a prefix may end at a component")
        try check(await keys("x").isEmpty, "a prefix that no key has lists nothing")
        let first = try await store.list(prefix: root + "/ab/", after: nil, limit: 10).first
        try check(first == BlobEntry(key: key("ab/one.pack"), size: 7), "an entry tells key and size")
        for limit in 1...4 {
            var found: [BlobKey] = []
            while true {
                let page = try await store.list(prefix: root + "/", after: found.last, limit: limit)
                found += page.map(\.key)
                guard page.count == limit else { break }
            }
            try check(found == names.map(key), "pages of \(limit) make up the whole list")
        }
        let behind = try await store.list(prefix: root + "/ab", after: key("ab/nothing"), limit: 10).map(\.key)
        try check(
            behind == [key("ab/one.pack"), key("ab/two"), key("ab0")],
            "a list begins after a key that is not there"
        )
        for entry in try await store.listAll(prefix: root + "/") { try await store.delete(entry.key) }
        try check(await keys("").isEmpty, "nothing is left when all is deleted")
    }

    private func keys(_ prefix: String) async throws -> [BlobKey] {
        try await store.list(prefix: root + "/" + prefix, after: nil, limit: 100).map(\.key)
    }

    private func read(_ key: BlobKey, _ range: Range<UInt64>) async throws -> String {
        String(buffer: try await store.get(key, range: range))
    }

    private func source(_ text: String) -> BlobSource { BlobSource(ByteBuffer(string: text)) }

    private func key(_ text: String) throws -> BlobKey {
        guard let key = BlobKey(root + "/" + text) else { throw ContractViolation(description: "no key: " + text) }
        return key
    }

    private func check(_ isKept: Bool, _ promise: String, line: Int = #line) throws {
        guard isKept else { throw ContractViolation(description: "not kept (line \(line)): " + promise) }
    }

    private func check(
        _ code: BlobStoreError.Code,
        _ promise: String,
        line: Int = #line,
        _ body: () async throws(BlobStoreError) -> Void
    ) async throws {
        do throws(BlobStoreError) {
            try await body()
        } catch {
            return try check(error.code == code, promise + "; it threw \(error.code): \(error)", line: line)
        }
        try check(false, promise + "; it threw nothing", line: line)
    }
}
