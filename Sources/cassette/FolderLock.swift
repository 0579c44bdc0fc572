import Glibc

/// The right to write to a data folder: one process at a time.
///
/// The kernel lets go of the lock when the process ends, however it ends.
final class FolderLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock.
    ///
    /// - Returns: `nil` when another process has it.
    init?(at path: String) throws {
        let descriptor = unsafe path.withCString { name in
            // The name lives for the call; open(2) only reads it.
            unsafe open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        }
        guard descriptor >= 0 else {
            throw CommandFailure("The data folder cannot be written to (\(path)): check its owner and permissions")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        // What the last holder announced is not true of this one.
        guard ftruncate(descriptor, 0) == 0 else {
            close(descriptor)
            throw CommandFailure("The lock file of the data folder cannot be written: is the volume full?")
        }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Tells other commands where the server in this process is.
    func announce(_ text: String) throws {
        let bytes = Array(text.utf8)
        // The pointer stays inside the closure; pwrite(2) only reads it.
        let written = unsafe bytes.withUnsafeBytes { buffer in
            unsafe ftruncate(descriptor, 0) == 0 ? pwrite(descriptor, buffer.baseAddress, buffer.count, 0) : -1
        }
        guard written == bytes.count else {
            throw CommandFailure("The lock file of the data folder cannot be written: is the volume full?")
        }
    }
}
