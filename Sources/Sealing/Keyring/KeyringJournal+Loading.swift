import NIOCore
import Platform

extension KeyringJournal {
    /// Reads both copies, brings the older or shorter one up to the other, and syncs both.
    ///
    /// - Returns: What the keyring holds, and whether the files are of format 1; `nil` when there is no keyring yet.
    mutating func load() throws -> KeyringContent? {
        for directory in directories { try disk.makeDirectoryWithDurableName(directory) }
        let found = try paths.map { try scan($0) }
        let newest = try newest(of: found)
        guard newest.count > 0 || newest.header != nil else {
            try removeDrafts()
            return nil
        }
        let best = paths[found.firstIndex { $0.copy?.end == newest.end && $0.copy?.frame == newest.frame } ?? 0]
        for copy in found { try level(copy, to: newest, at: best) }
        try removeDrafts()
        return try adoptContent(of: best)
    }

    private struct Found {
        let path: String
        let copy: KeyringCopy?
        let error: KeyringError?
        /// Of a file of which at least the header is whole.
        let generation: UInt64
    }

    private func scan(_ path: String, mark: UInt64? = nil) throws -> Found {
        guard try disk.exists(path) else { return Found(path: path, copy: KeyringCopy(), error: nil, generation: 0) }
        let file = try disk.open(path, .read)
        do {
            let copy = try KeyringCopy.scan(file, named: path, mark: mark)
            return Found(path: path, copy: copy, error: nil, generation: copy.frame.generation)
        } catch let error as KeyringError {
            // Without a whole header nobody knows how old it is: it may be the newer one.
            var generation = UInt64.max
            do {
                generation = try KeyringCopy.header(of: file)?.frame.generation ?? .max
            } catch is KeyringRecord.Problem {
                return Found(path: path, copy: nil, error: error, generation: generation)
            }
            return Found(path: path, copy: nil, error: error, generation: generation)
        }
    }

    /// The copy that counts: of the higher generation, and of two of the same the longer.
    ///
    /// An older file is never taken while a newer one is there, even a damaged one: it may hold keys that were removed.
    private func newest(of found: [Found]) throws -> KeyringCopy {
        let generation = found.map(\.generation).max() ?? 0
        let candidates = found.filter { $0.generation == generation }
        if let damaged = candidates.first(where: { $0.error != nil }), let error = damaged.error {
            throw explained(error, other: found.first { $0.path != damaged.path })
        }
        guard let longest = candidates.compactMap(\.copy).max(by: { $0.count < $1.count }) else {
            return KeyringCopy()
        }
        for candidate in candidates {
            guard let copy = candidate.copy, copy.count < longest.count, copy.count > 0 || copy.header != nil else {
                if candidate.copy?.lastHash == longest.lastHash || candidate.copy?.count == 0 { continue }
                throw copiesDiffer
            }
            let path = candidates.first { $0.copy?.count == longest.count }?.path ?? candidate.path
            let before = try scan(path, mark: copy.count).copy?.hashAtMark
            guard before == copy.lastHash else { throw copiesDiffer }
        }
        return longest
    }

    private var copiesDiffer: KeyringError {
        KeyringError(
            .copiesDiffer,
            "the keyring copies " + paths.joined(separator: " and ") + " differ before their ends; "
                + "restore the right one from a backup and remove the other"
        )
    }

    /// The error of a damaged copy, with a word on the other.
    private func explained(_ error: KeyringError, other: Found?) -> KeyringError {
        guard let other, let copy = other.copy, copy.count > 0 else {
            return KeyringError(
                error.code,
                error.description + "; the other copy is no help: restore one from a backup"
            )
        }
        return KeyringError(
            error.code,
            error.description + "; the other copy is intact with " + String(copy.count)
                + " entries: keep the damaged file aside and copy the intact one to its place"
        )
    }

    private func level(_ found: Found, to newest: KeyringCopy, at best: String) throws {
        let directory = String(found.path.dropLast(Self.fileName.utf8.count + 1))
        if let copy = found.copy, copy.frame == newest.frame, try disk.exists(found.path) {
            let file = try disk.open(found.path, .readWrite)
            if copy.tornByteCount > 0 { try file.truncate(to: copy.end) }
            try Self.copyBytes(from: best, to: file, copy.end..<newest.end, disk)
            // Also when nothing was missing: a process that was killed may have written without having synced.
            try file.synchronize()
            try file.close()
        } else {
            let path = directory + "/" + Self.draftName
            if try disk.exists(path) { try disk.unlink(path) }
            let draft = try disk.open(path, .createNew)
            try Self.copyBytes(from: best, to: draft, 0..<newest.end, disk)
            try draft.synchronize()
            try draft.close()
            let old = try disk.exists(found.path) ? disk.open(found.path, .readWrite) : nil
            try disk.rename(path, to: found.path)
            try disk.syncDirectory(directory)
            if let old { try Self.overwrite(old) }
        }
        // Also when the file was there: who made it may have been killed before its name was durable.
        try disk.syncDirectory(directory)
    }

    private static func copyBytes(
        from path: String,
        to file: any DiskFile,
        _ range: Range<UInt64>,
        _ disk: any Disk
    ) throws {
        guard !range.isEmpty else { return }
        let source = try disk.open(path, .read)
        var offset = range.lowerBound
        while offset < range.upperBound {
            let bytes = try source.read(at: offset, count: Int(min(range.upperBound - offset, 1 << 20)))
            guard bytes.readableBytes > 0 else { throw DiskError(.io, operation: "pread") }
            try file.write(bytes, at: offset)
            offset += UInt64(bytes.readableBytes)
        }
    }

    /// Reads the levelled file once more, and keeps what it holds.
    private mutating func adoptContent(of path: String) throws -> KeyringContent {
        var table = KeyTable()
        var plainKEKs: [KEKRecord] = []
        var tenantID: RandomID?
        let copy = try KeyringCopy.scan(disk.open(path, .read), named: path) { record in
            tenantID = tenantID ?? record.tenantID
            guard record.entry.kind == .kek else { return table.set(record.entry) }
            plainKEKs.append(
                KEKRecord(
                    version: record.entry.kekVersion,
                    state: .active,
                    created: record.entry.created,
                    provider: "",
                    wrapped: record.entry.wrappedKey.bytes
                )
            )
        }
        var header = copy.header ?? KeyringHeader(tenantID: tenantID ?? RandomID(high: 0, low: 0))
        header.keks += plainKEKs
        adopt(copy, tenantID: header.tenantID)
        return KeyringContent(header: header, table: table)
    }
}
