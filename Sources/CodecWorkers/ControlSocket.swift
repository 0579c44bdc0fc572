import CLinux
import Glibc
import NIOCore

/// One end of the socket between us and a worker, which keeps the borders of messages.
///
/// The descriptor stays open as long as the object lives, so that `interrupt` may come from any thread at any time.
final class ControlSocket: Sendable {
    enum Received: Sendable, Hashable {
        case message(ByteBuffer)
        /// The deadline came first.
        case timedOut
        /// The other end is closed: its process has ended, or somebody interrupted.
        case closed
    }

    private let descriptor: Int32

    /// Takes ownership of a descriptor.
    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Sends a message; `false` when the other end is closed, or takes nothing: who waited for its answers finds room.
    func send(_ message: ByteBuffer) -> Bool {
        let sent = restarted {
            // The call only reads the bytes, and within their count.
            unsafe message.withUnsafeReadableBytes { bytes in
                unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
        }
        return sent == message.readableBytes
    }

    /// Waits for a message, the end of the other side, or the deadline.
    func receive(upTo lengthLimit: Int, until deadline: NIODeadline) -> Received {
        guard waits(until: deadline) else { return .timedOut }
        var message = ByteBuffer()
        var count = 0
        // At least `lengthLimit` writable bytes are there; the call is told of one more, to see what is too long.
        unsafe message.writeWithUnsafeMutableBytes(minimumWritableBytes: lengthLimit + 1) { bytes in
            let length = min(bytes.count, lengthLimit + 1)
            // The call writes within the count.
            count = restarted { unsafe recv(descriptor, bytes.baseAddress, length, 0) }
            return max(0, count)
        }
        return (1...lengthLimit).contains(count) ? .message(message) : .closed
    }

    /// Whether the other end is still open.
    var isConnected: Bool {
        var entry = pollfd(fd: descriptor, events: 0, revents: 0)
        // The structure lives for the call, which is told of one.
        return unsafe poll(&entry, 1, 0) == 0
    }

    /// Ends each wait at once, now and later; the other end sees that this one is closed.
    func interrupt() {
        _ = shutdown(descriptor, Int32(SHUT_RDWR))
    }

    private func waits(until deadline: NIODeadline) -> Bool {
        while true {
            let left = deadline - .now()
            guard left > .zero else { return false }
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            // Rounded up: a wait that ends a little early would go round and round.
            let milliseconds = Int32(clamping: left.nanoseconds / 1_000_000 + 1)
            // The structure lives for the call, which is told of one.
            let ready = unsafe poll(&entry, 1, milliseconds)
            if ready > 0 || (ready < 0 && errno != EINTR) { return true }
        }
    }

    private func restarted(_ call: () -> Int) -> Int {
        while true {
            let result = call()
            guard result < 0, errno == EINTR else { return result }
        }
    }
}
