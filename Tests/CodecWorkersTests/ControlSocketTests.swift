import Glibc
import NIOCore
import Testing

@testable import CodecWorkers

extension `Workers` {
    @Suite struct `The socket to a worker` {
        @Test func `what the other end does not take is not waited for`() throws {
            var pair: [Int32] = [-1, -1]
            // The call fills the two.
            try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &pair) == 0)
            let (ours, theirs) = (ControlSocket(descriptor: pair[0]), ControlSocket(descriptor: pair[1]))
            let message = ByteBuffer(repeating: 7, count: 512)
            #expect(ours.send(message))

            var count = 1
            while count < 1 << 20, ours.send(message) { count += 1 }

            #expect(count < 1 << 20)
            #expect(theirs.receive(upTo: 512, until: .now() + .seconds(10)) == .message(message))
        }
    }
}
