import Glibc
import NIOCore
import Platform

/// A file that a command makes, or standard output.
///
/// It is written beside the name that it gets at the end, so that nothing half-written ever bears that name; and it takes
/// no other file's place unless that is asked for.
struct OutputFile {
    private let path: String
    private let disk = PosixDisk()

    /// Takes a name.
    ///
    /// - Parameters:
    ///   - path: `-` for standard output.
    ///   - input: What is read; to replace that, too, has to be asked for.
    /// - Throws: ``CommandFailure`` when there is a file already.
    init(_ path: String, isForced: Bool, reading input: String) throws {
        self.path = path
        guard path != "-", !isForced, FileKind(of: path, followsLinks: false) != .none else { return }
        guard !Self.isSame(path, input) else {
            throw CommandFailure("\(path) is the file that is read: choose another with -o, or replace it with --force")
        }
        throw CommandFailure("\(path) exists: choose another with -o, or replace it with --force")
    }

    /// Whether both names lead to one file.
    static func isSame(_ path: String, _ other: String) -> Bool {
        var status = stat()
        var otherStatus = stat()
        // Both structures live for the calls.
        guard unsafe stat(path, &status) == 0, unsafe stat(other, &otherStatus) == 0 else { return false }
        return status.st_dev == otherStatus.st_dev && status.st_ino == otherStatus.st_ino
    }

    /// Writes all that `next` gives, and gives the file its name.
    func write(_ next: () async throws -> ByteBuffer?) async throws {
        guard path != "-" else {
            while let bytes = try await next() { Console.pour(bytes) }
            return
        }
        let draft = path + ".new"
        let file = try open(draft)
        do {
            var length: UInt64 = 0
            while let bytes = try await next() {
                guard bytes.readableBytes > 0 else { continue }
                try file.write(bytes, at: length)
                length += UInt64(bytes.readableBytes)
            }
            try file.synchronize()
            try file.close()
            try disk.rename(draft, to: path)
        } catch {
            try? file.close()
            try? disk.unlink(draft)
            throw error
        }
    }

    private func open(_ draft: String) throws -> any DiskFile {
        do throws(DiskError) {
            return try disk.open(draft, .createNew)
        } catch {
            guard error.code == .exists else { throw CommandFailure("\(path): \(error)") }
            throw CommandFailure("\(draft) is there, of a run that goes on or was cut off: remove it")
        }
    }
}
