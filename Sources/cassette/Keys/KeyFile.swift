import NIOCore
import NIOPosix
import Platform
import Sealing

/// A small file with a key in it, wherever the user wants it.
struct KeyFile: Sendable {
    private static let lengthLimit = 64 << 10

    let path: String
    let disk: any Disk

    /// Makes the file, for its owner only; an existing one is never replaced.
    func create(_ text: String) throws {
        let file = try disk.open(path, .createNew)
        try file.write(ByteBuffer(string: text), at: 0)
        try file.synchronize()
        try file.close()
        try disk.syncDirectory(path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ".")
    }

    func read() throws -> String {
        guard try disk.exists(path) else { throw CommandFailure("There is no file \(path)") }
        return String(buffer: try disk.open(path, .read).read(at: 0, count: Self.lengthLimit))
    }

    func recoveryKey() throws -> RecoveryPrivateKey {
        do throws(KeyringError) {
            return try RecoveryPrivateKey(fileText: readText())
        } catch {
            throw CommandFailure("\(path): \(error.description)")
        }
    }

    private func readText() throws(KeyringError) -> String {
        do {
            return try read()
        } catch {
            throw KeyringError(.unavailable, "\(error)")
        }
    }
}

/// Work on the files of a keyring that no archive has open.
enum KeyringFiles {
    static func withPool<Result: Sendable>(_ body: (WorkPool) async throws -> Result) async throws -> Result {
        let threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
        do {
            let result = try await body(WorkPool(threads: threads))
            try await threads.shutdownGracefully()
            return result
        } catch {
            try await threads.shutdownGracefully()
            throw error
        }
    }

    /// The same while this process holds the lock of the folder.
    static func withLock(_ options: DataFolderOptions, _ body: (WorkPool) async throws -> Void) async throws {
        let folder = options.folder
        guard try PosixDisk().exists(folder.path) else {
            throw CommandFailure("There is no archive in \(folder.path): name it with --data")
        }
        guard let lock = try FolderLock(at: folder.lock) else {
            throw CommandFailure("A server or another command works on \(folder.path): stop it, then run this again")
        }
        try await withPool(body)
        withExtendedLifetime(lock) {}
    }
}
