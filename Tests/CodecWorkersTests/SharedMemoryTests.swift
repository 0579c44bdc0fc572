import NIOCore
import Testing

@testable import CodecWorkers

extension `Workers` {
    @Suite struct `Memory that is shared` {
        @Test func `what there was no room for does not keep smaller frames out`() throws {
            let memory = try SharedMemory()
            #expect(memory.grow(to: 3))
            // All that a process can address, and more than this one has left.
            #expect(!memory.grow(to: 1 << 47))
            #expect(!memory.put(ByteBuffer(bytes: [1])))

            for length in [5, 2 << 20, 3 << 20] {
                #expect(memory.grow(to: length))
                let bytes = ByteBuffer(repeating: UInt8(length & 0xFF | 1), count: length)
                #expect(memory.put(bytes))
                #expect(memory.bytes(length) == bytes)
            }
        }
    }
}
