import NIOCore
import Platform

/// The two files of the keyring: opened, levelled, and appended to.
///
/// Blocks; used by one thread at a time.
struct KeyringJournal: Sendable {
    static let fileName = "keyring"

    private let directories: [String]
    private let disk: any Disk
    /// Open while the last append succeeded.
    private var files: [any DiskFile] = []
    /// Entries that are durable in both files.
    private(set) var count: UInt64 = 0
    private var lastHash = [UInt8](repeating: 0, count: 32)

    init(directories: [String], disk: any Disk) {
        self.directories = directories
        self.disk = disk
    }

    /// Reads both copies, cuts off torn tails, brings the shorter copy up to the longer, and syncs both.
    mutating func load() throws -> [KeyringRecord] {
        for directory in directories { try disk.makeDirectoryWithDurableName(directory) }
        var copies: [Result<KeyringCopy, KeyringError>] = []
        for path in paths {
            do {
                copies.append(.success(try read(path)))
            } catch let error as KeyringError {
                copies.append(.failure(error))
            }
        }
        let whole = try wholeCopies(copies)
        guard let longest = whole.max(by: { $0.records.count < $1.records.count }) else { return [] }
        for copy in whole where copy.hashes.last != longest.hashes.prefix(copy.hashes.count).last {
            throw KeyringError(
                .copiesDiffer,
                "the keyring copies " + paths.joined(separator: " and ") + " differ before their ends; "
                    + "restore the right one from a backup and remove the other"
            )
        }
        count = UInt64(longest.records.count)
        lastHash = longest.hashes.last ?? lastHash
        if count > 0 {
            for (path, copy) in zip(paths, whole) { try level(path, copy, to: longest) }
        }
        return longest.records
    }

    /// Writes entries behind the others and syncs them, first in one file, then in the other.
    ///
    /// After an error nothing is appended: the descriptors are given up, and the next append opens the files anew and
    /// first cuts off what this one may have left.
    mutating func append(_ drafts: [KeyringRecord]) throws {
        precondition(drafts.count <= KeyringCopy.maximumBatch, "a batch is at most 64 entries, as readers expect")
        var hash = lastHash
        var bytes = ByteBuffer()
        for (sequence, draft) in zip(count..., drafts) {
            var record = draft
            record.sequence = sequence
            record.batchStart = count
            record.previousHash = hash
            var encoded = record.encoded
            hash = KeyringRecord.hash(encoded)
            bytes.writeBuffer(&encoded)
        }
        do {
            if files.isEmpty { files = try openForAppending() }
            for file in files {
                try file.write(bytes, at: count * UInt64(KeyringRecord.length))
                try file.synchronize()
            }
        } catch {
            files = []
            throw error
        }
        count += UInt64(drafts.count)
        lastHash = hash
    }

    private var paths: [String] { directories.map { $0 + "/" + Self.fileName } }

    private func read(_ path: String) throws -> KeyringCopy {
        guard try disk.exists(path) else { return KeyringCopy() }
        return try KeyringCopy.read(disk.open(path, .read), named: path)
    }

    /// Both copies; or the error of the damaged one, with a word on the other.
    private func wholeCopies(_ copies: [Result<KeyringCopy, KeyringError>]) throws -> [KeyringCopy] {
        var whole: [KeyringCopy] = []
        var errors: [KeyringError] = []
        for copy in copies {
            switch copy {
            case .success(let copy): whole.append(copy)
            case .failure(let error): errors.append(error)
            }
        }
        guard let error = errors.first else { return whole }
        guard let other = whole.first, other.records.count > 0 else {
            throw KeyringError(error.code, error.description + "; the other copy is no help: restore one from a backup")
        }
        throw KeyringError(
            error.code,
            error.description + "; the other copy is intact with " + String(other.records.count)
                + " entries: keep the damaged file aside and copy the intact one to its place"
        )
    }

    private func level(_ path: String, _ copy: KeyringCopy, to longest: KeyringCopy) throws {
        let isNew = try !disk.exists(path)
        let file = try disk.open(path, isNew ? .createNew : .readWrite)
        var offset = UInt64(copy.records.count * KeyringRecord.length)
        if copy.tornByteCount > 0 { try file.truncate(to: offset) }
        for record in longest.records.dropFirst(copy.records.count) {
            let encoded = record.encoded
            try file.write(encoded, at: offset)
            offset += UInt64(encoded.readableBytes)
        }
        // Also when nothing was missing: a process that was killed may have written without having synced.
        try file.synchronize()
        try file.close()
        // Also when the file was there: who made it may have been killed before its name was durable.
        try disk.syncDirectory(directory(of: path))
    }

    private func openForAppending() throws -> [any DiskFile] {
        var opened: [any DiskFile] = []
        for path in paths {
            let isNew = try !disk.exists(path)
            let file = try disk.open(path, isNew ? .createNew : .readWrite)
            let end = count * UInt64(KeyringRecord.length)
            let size = try file.size()
            guard size >= end else { throw KeyringCopy.damaged(path, at: size / UInt64(KeyringRecord.length)) }
            if size > end {
                try file.truncate(to: end)
                // What was cut must not come back beside other entries in the other copy.
                try file.synchronize()
            }
            // As in `level`.
            try disk.syncDirectory(directory(of: path))
            opened.append(file)
        }
        return opened
    }

    private func directory(of path: String) -> String {
        String(path.dropLast(Self.fileName.utf8.count + 1))
    }
}
