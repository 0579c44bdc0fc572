import NIOCore
import Platform

/// The bytes of a file, read as they are asked for, on the threads for blocking work.
struct FileChunks: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    static let chunkLength = 512 << 10

    let file: any DiskFile
    let pool: WorkPool
    /// Where reading begins, in bytes from the start of the file.
    var offset: UInt64 = 0

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(file: file, pool: pool, offset: offset)
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        let file: any DiskFile
        let pool: WorkPool
        var offset: UInt64

        mutating func next() async throws -> ByteBuffer? {
            let start = offset
            let file = file
            let chunk = try await pool.run { try file.read(at: start, count: FileChunks.chunkLength) }
            offset += UInt64(chunk.readableBytes)
            return chunk.readableBytes == 0 ? nil : chunk
        }
    }
}
