import HTTPTypes
import HummingbirdCore
import NIOCore
import Synchronization
import Testing

@testable import HTTPGateway

@Suite struct `Writing an answer in batches` {
    /// What a connection is handed, write by write.
    private final class Writes: Sendable {
        private let taken = Mutex<[ByteBuffer]>([])

        var all: [ByteBuffer] { taken.withLock { $0 } }

        func take(_ bytes: ByteBuffer) { taken.withLock { $0.append(bytes) } }
    }

    private struct Connection: ResponseBodyWriter {
        let writes: Writes

        mutating func write(_ buffer: ByteBuffer) async throws { writes.take(buffer) }

        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    private func written(_ chunks: [ByteBuffer]) async throws -> [ByteBuffer] {
        let writes = Writes()
        var writer = BatchedWriter(Connection(writes: writes))
        for chunk in chunks { try await writer.write(chunk) }
        try await writer.finish()
        return writes.all
    }

    private func bytes(_ count: Int) -> ByteBuffer {
        ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 / 3) })
    }

    @Test func `what was made is handed over in pieces that are waited for, in order`() async throws {
        let head = ByteBuffer(string: "head")
        let large = bytes(3 << 20 | 5)

        let writes = try await written([head, large, head])

        #expect(writes.map(\.readableBytes).max() == 256 << 10)
        var joined = ByteBuffer()
        for write in writes { joined.writeImmutableBuffer(write) }
        var expected = head
        expected.writeImmutableBuffer(large)
        expected.writeImmutableBuffer(head)
        #expect(joined == expected)
    }

    @Test func `a chunk of stored bytes is handed over as it is`() async throws {
        let writes = try await written([bytes(1 << 20)])

        #expect(writes.map(\.readableBytes) == [1 << 20])
        #expect(try await written([bytes(1 << 20 | 1)]).map(\.readableBytes).max() == 256 << 10)
        #expect(try await written([ByteBuffer()]).map(\.readableBytes).reduce(0, +) == 0)
    }
}
