import CLinux
import NIOCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A file of the operating system behind one descriptor.
final class PosixFile: DiskFile {
    private struct State {
        var isClosed = false
        /// Calls in progress: the descriptor stays open until they are done, lest its number be given to another file.
        var users = 0
    }

    private let descriptor: Int32
    private let state = Mutex(State())

    /// Takes ownership of an open descriptor.
    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        if !state.withLock({ $0.isClosed }) {
            _ = systemClose(descriptor)
        }
    }

    func write(_ buffer: ByteBuffer, at offset: UInt64) throws(DiskError) {
        try using("pwrite") { descriptor throws(DiskError) in
            var done = 0
            while done < buffer.readableBytes {
                guard let position = off_t(exactly: offset).flatMap({ $0.checkedSum(done) }) else {
                    throw DiskError(.other(EFBIG), operation: "pwrite")
                }
                let start = done
                let count = try posixRetrying("pwrite") {
                    // The slice lies within the readable bytes, which nobody can change during the call.
                    unsafe buffer.withUnsafeReadableBytes { bytes in
                        // `start` is less than the count of readable bytes.
                        unsafe pwrite(descriptor, bytes.baseAddress?.advanced(by: start), bytes.count - start, position)
                    }
                }
                // pwrite of a positive count returns 0 on no known file system; going round for ever would be worse.
                guard count > 0 else { throw DiskError(.io, operation: "pwrite") }
                done += count
            }
        }
    }

    func read(at offset: UInt64, count: Int) throws(DiskError) -> ByteBuffer {
        try using("pread") { descriptor throws(DiskError) in
            var buffer = ByteBuffer()
            guard count > 0 else { return buffer }
            buffer.reserveCapacity(count)
            while buffer.readableBytes < count {
                guard let position = off_t(exactly: offset).flatMap({ $0.checkedSum(buffer.readableBytes) }) else {
                    throw DiskError(.other(EFBIG), operation: "pread")
                }
                let wanted = count - buffer.readableBytes
                var result = 0
                try posixRetrying("pread") {
                    // At least `wanted` writable bytes are there, and the closure reports how many it filled.
                    unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { bytes in
                        // The count is bounded by the writable bytes.
                        result = unsafe pread(descriptor, bytes.baseAddress, min(wanted, bytes.count), position)
                        return max(0, result)
                    }
                    return result
                }
                if result == 0 { break }
            }
            return buffer
        }
    }

    func size() throws(DiskError) -> UInt64 {
        try using("fstat") { descriptor throws(DiskError) in
            var status = stat()
            // The structure lives for the call only.
            try posixRetrying("fstat") { unsafe fstat(descriptor, &status) }
            return UInt64(clamping: status.st_size)
        }
    }

    func truncate(to size: UInt64) throws(DiskError) {
        guard let size = off_t(exactly: size) else { throw DiskError(.other(EFBIG), operation: "ftruncate") }
        try using("ftruncate") { descriptor throws(DiskError) in
            try posixRetrying("ftruncate") { ftruncate(descriptor, size) }
        }
    }

    func synchronize() throws(DiskError) {
        try using("fdatasync") { descriptor throws(DiskError) in
            // Repeated only after EINTR, which is reported before any page is given up.
            try posixRetrying("fdatasync") { fdatasync(descriptor) }
        }
    }

    func startWriteback(at offset: UInt64, count: Int) throws(DiskError) {
        guard let start = off_t(exactly: offset) else { return }
        try using("sync_file_range") { descriptor throws(DiskError) in
            // A hint only: a file system without it, or an error of an earlier write, is told by the sync that follows.
            _ = cassette_start_writeback(descriptor, Int64(start), Int64(count))
        }
    }

    func close() throws(DiskError) {
        let closesNow = state.withLock { state in
            guard !state.isClosed else { return false }
            state.isClosed = true
            return state.users == 0
        }
        guard closesNow, systemClose(descriptor) != 0 else { return }
        throw DiskError(errno: errno, operation: "close")
    }

    @discardableResult
    private func using<Result>(
        _ operation: String,
        _ body: (Int32) throws(DiskError) -> Result
    ) throws(DiskError) -> Result {
        let isOpen = state.withLock { state in
            if !state.isClosed { state.users += 1 }
            return !state.isClosed
        }
        guard isOpen else { throw DiskError(.closed, operation: operation) }
        defer {
            let isLast = state.withLock { state in
                state.users -= 1
                return state.isClosed && state.users == 0
            }
            if isLast { _ = systemClose(descriptor) }
        }
        return try body(descriptor)
    }
}

extension off_t {
    fileprivate func checkedSum(_ count: Int) -> off_t? {
        let (sum, overflows) = addingReportingOverflow(off_t(count))
        return overflows ? nil : sum
    }
}

private func systemClose(_ descriptor: Int32) -> Int32 {
    close(descriptor)
}
