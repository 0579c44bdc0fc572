public import NIOCore

/// An open file, read and written at explicit offsets; may be used by several threads.
///
/// Every call blocks: run it on a ``WorkPool``. The file is closed when the last reference goes, if not before.
public protocol DiskFile: AnyObject, Sendable {
    /// Writes all readable bytes of `buffer`.
    func write(_ buffer: ByteBuffer, at offset: UInt64) throws(DiskError)
    /// Reads `count` bytes; fewer only at the end of the file.
    func read(at offset: UInt64, count: Int) throws(DiskError) -> ByteBuffer
    /// The size in bytes.
    func size() throws(DiskError) -> UInt64
    /// Cuts the file off, or extends it with zeros.
    func truncate(to size: UInt64) throws(DiskError)
    /// Makes everything written so far durable (`fdatasync`). After an error the file must not be synced again: the system
    /// may have dropped the unwritten pages and would then report a success that is none.
    func synchronize() throws(DiskError)
    /// Lets the medium begin with bytes that were written; promises nothing, and ``synchronize()`` tells of failures.
    func startWriteback(at offset: UInt64, count: Int) throws(DiskError)
    /// Closes the file; closing it twice is fine.
    func close() throws(DiskError)
}

extension DiskFile {
    /// Does nothing: the bytes go when they are synced.
    public func startWriteback(at offset: UInt64, count: Int) throws(DiskError) {}
}
