import CLinux
import Glibc
import NIOCore

/// Memory that two processes see, behind a descriptor; it grows and never shrinks.
///
/// Bytes are copied in and out at once, and nobody reads what is still there: the other side may change it at any time.
/// What a slice of it holds may be torn, but no access leaves it: the seal against shrinking keeps every page in place.
@safe final class SharedMemory {
    private static let granularity = 1 << 20

    let descriptor: Int32
    // The pointer stays in here, and each use of it is within `capacity`: hence `@safe`.
    // Mapped for reading and writing, `capacity` bytes; the mapping is given back in `unmap` only.
    private var start: UnsafeMutableRawPointer?
    private(set) var capacity = 0
    /// Bytes behind the descriptor as far as we made them: what is mapped, or more after a failure, as it never shrinks.
    private var length = 0

    /// Makes memory without a byte, for this process and one that is given the descriptor.
    init() throws(WorkerStartError) {
        // The name is for people who look at /proc.
        let descriptor = unsafe cassette_memory_create("cassette-frames")
        guard descriptor >= 0 else { throw WorkerStartError("memfd_create: errno \(errno)") }
        self.descriptor = descriptor
    }

    /// Takes ownership of a descriptor that another process made.
    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        unmap()
        close(descriptor)
    }

    /// Makes room for so many bytes at least; `false` when there is none.
    func grow(to length: Int) -> Bool {
        guard length > capacity || capacity == 0 else { return true }
        let (padded, overflow) = length.addingReportingOverflow(Self.granularity)
        guard !overflow else { return false }
        let size = padded / Self.granularity * Self.granularity
        if size > self.length {
            guard ftruncate(descriptor, size) == 0 else { return false }
            self.length = size
        }
        return map(size)
    }

    /// Sees memory of this size, which the side that may let it grow has made; `false` when there is no room for it.
    func map(_ size: Int) -> Bool {
        guard size != capacity else { return true }
        unmap()
        guard size > 0 else { return false }
        // A fresh mapping, owned by this object alone.
        let address = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        // The value of MAP_FAILED is compared, not followed.
        guard let address = unsafe address, Int(bitPattern: address) != -1 else { return false }
        // `capacity` says how much of it there is.
        unsafe start = address
        capacity = size
        return true
    }

    /// Puts bytes at the start; `false` when there is no room.
    func put(_ bytes: ByteBuffer) -> Bool {
        guard bytes.readableBytes <= capacity else { return false }
        guard bytes.readableBytes > 0 else { return true }
        // Both hold the count: compared with the capacity above.
        return unsafe bytes.withUnsafeReadableBytes { source in
            // An empty mapping has no room for a byte, so that there is one here.
            guard let from = source.baseAddress, let start = unsafe start else { return false }
            unsafe start.copyMemory(from: from, byteCount: source.count)
            return true
        }
    }

    /// A copy of so many bytes from the start; `nil` when there are fewer.
    func bytes(_ count: Int) -> ByteBuffer? {
        guard (0...capacity).contains(count) else { return nil }
        // Lies within the mapping: compared with the capacity above.
        guard count > 0, let start = unsafe start else { return ByteBuffer() }
        // The buffer copies the bytes.
        return unsafe ByteBuffer(bytes: UnsafeRawBufferPointer(start: start, count: count))
    }

    private func unmap() {
        // The whole of the mapping, which nobody else knows.
        if let start = unsafe start { unsafe munmap(start, capacity) }
        // Nothing is mapped any more.
        unsafe start = nil
        capacity = 0
    }
}
