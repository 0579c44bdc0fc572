/// How an index is opened.
public struct SQLiteCatalogConfiguration: Sendable {
    /// Connections that read at the same time.
    public var readers = 4
    /// Longest time for the answer of a query; `limits.query.duration`.
    public var queryDuration: Duration = .seconds(30)
    /// Pages in the log (about 4 KiB each) after which the writer carries them into the main file.
    public var checkpointPages = 4_000
    /// Bytes of pages that the connection that writes keeps.
    public var cacheBytes = 16 << 20
    /// The registered SQLite VFS that reads and writes the sealed bytes; the one of the operating system when `nil`.
    public var fileSystem: String?
    /// Bytes of pages that each connection that reads keeps.
    public var readerCacheBytes = 4 << 20

    /// Takes the defaults.
    public init() {}
}
