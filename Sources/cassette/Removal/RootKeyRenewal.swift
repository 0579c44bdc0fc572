import NIOCore
import Platform
import Sealing

/// Puts a new root key in the place of the one beside the data folder, so that older copies of the keyring open no more.
///
/// The new key is durable under a name of its own before anything is wrapped by it, and takes the place of the old one
/// after that; whatever a crash leaves, one of the two files opens the keyring.
struct RootKeyRenewal: Sendable {
    let path: String
    let dataDirectory: String
    let disk: any Disk
    let pool: WorkPool
    let random: any RandomSource

    private var nextPath: String { path + ".next" }
    private var previousPath: String { path + ".previous" }

    /// Makes a new root key, wraps the keyring by it, and destroys the old one.
    func renew(_ keyring: Keyring) async throws {
        // One that an earlier renewal left may be in use: it takes its place first, and is never removed.
        let next = nextPath
        if try await pool.run({ [disk] in try disk.exists(next) }) { try await replace(keyring) }
        try await replace(keyring)
    }

    private func replace(_ keyring: Keyring) async throws {
        try await keyring.rewrap(with: provider(nextPath))
        try await takePlace()
        // The same key, under the name that it has now.
        try await keyring.rewrap(with: provider(path))
    }

    /// Opens a keyring with the root key, or with the one that a crash kept from taking its place.
    func open(_ body: (any RootKeyProvider) async throws(KeyringError) -> Keyring) async throws -> Keyring {
        let opened: Keyring?
        do throws(KeyringError) {
            opened = try await body(provider(path))
        } catch {
            guard error.code == .rootKey(.wrongKey) || error.code == .rootKey(.missing),
                try disk.exists(nextPath)
            else { throw error }
            opened = nil
        }
        if let opened {
            try await destroyPrevious()
            return opened
        }
        let keyring = try await body(provider(nextPath))
        try await takePlace()
        return keyring
    }

    private func provider(_ path: String) -> FileRootKeyProvider {
        FileRootKeyProvider(disk: disk, pool: pool, path: path, random: random, refusingUnder: dataDirectory)
    }

    /// The next key opens the keyring: what lies under the other names is worth nothing any more.
    private func takePlace() async throws {
        try await destroyPrevious()
        let (path, next, previous) = (path, nextPath, previousPath)
        try await onDisk { disk in
            if try disk.exists(path) { try disk.rename(path, to: previous) }
            try disk.rename(next, to: path)
            try disk.syncDirectory(Self.parent(of: path))
        }
        try await destroyPrevious()
    }

    /// Overwrites the old key and removes it; a medium that keeps old blocks is beyond what a program can do.
    private func destroyPrevious() async throws {
        let previous = previousPath
        try await onDisk { disk in
            guard try disk.exists(previous) else { return }
            let file = try disk.open(previous, .readWrite)
            let size = Int(clamping: try file.size())
            try file.write(.init(repeating: 0, count: min(size, 4_096)), at: 0)
            try file.synchronize()
            try file.close()
            try disk.unlink(previous)
            try disk.syncDirectory(Self.parent(of: previous))
        }
    }

    private func onDisk(_ work: @escaping @Sendable (any Disk) throws -> Void) async throws {
        let disk = disk
        try await pool.run { try work(disk) }
    }

    private static func parent(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}
