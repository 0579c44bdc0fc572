import NIOCore
import Platform

/// What the keyring holds, apart from how it lies on the disk.
struct KeyringContent: Sendable {
    var header: KeyringHeader
    var table: KeyTable
}

/// The two files of the keyring: opened, levelled, appended to, and rewritten.
///
/// Blocks; used by one thread at a time.
struct KeyringJournal: Sendable {
    static let fileName = "keyring"
    /// A rewritten file before it gets its name.
    static let draftName = "keyring.new"

    let directories: [String]
    let disk: any Disk
    /// Open while the last append succeeded.
    private var files: [any DiskFile] = []
    private var tenantID = RandomID(high: 0, low: 0)
    private(set) var frame = KeyringHeader.Frame.plain
    /// Entries that are durable in both files.
    private(set) var count: UInt64 = 0
    private var lastHash = ChainHash.none
    /// Whether nothing may be appended: the files are of format 1, or may differ because the giving of names failed half-way.
    private(set) var mustRewrite = false

    init(directories: [String], disk: any Disk) {
        self.directories = directories
        self.disk = disk
    }

    var paths: [String] { directories.map { $0 + "/" + Self.fileName } }

    private var end: UInt64 { UInt64(frame.length) + count * UInt64(KeyringRecord.length) }

    /// Goes on from what start-up has found and levelled.
    mutating func adopt(_ copy: KeyringCopy, tenantID: RandomID) {
        frame = copy.frame
        count = copy.count
        lastHash = copy.lastHash
        self.tenantID = tenantID
        mustRewrite = copy.frame.generation == 0
    }

    /// Writes entries behind the others and syncs them, first in one file, then in the other.
    ///
    /// After an error nothing is appended: the descriptors are given up, and the next append opens the files anew and
    /// first cuts off what this one may have left.
    mutating func append(_ entries: [KeyEntry]) throws {
        precondition(entries.count <= KeyringCopy.maximumBatch, "a batch is at most 1,024 entries, as readers expect")
        precondition(frame.generation > 0 && !mustRewrite, "a file of format 1 is rewritten before it is appended to")
        var writer = RecordWriter(tenantID: tenantID, count: count, hash: lastHash)
        var bytes = ByteBuffer()
        for entry in entries { writer.write(entry, batchStart: count, to: &bytes) }
        do {
            if files.isEmpty { files = try openForAppending() }
            for file in files {
                try file.write(bytes, at: end)
                try file.synchronize()
            }
        } catch {
            files = []
            throw error
        }
        count = writer.count
        lastHash = writer.hash
    }

    /// Writes new files with this content in both places, and gives them the name; the old ones are overwritten.
    ///
    /// The new file is whole and durable in both places before it gets its name in the first. From then on it is the one
    /// that counts: start-up takes the file with the higher generation, and brings the other place up to it.
    ///
    /// After an error before that, nothing has changed; after one later, ``mustRewrite`` is set.
    mutating func rewrite(_ content: KeyringContent) throws {
        let generation = frame.generation + 1
        let draft: Draft
        do {
            draft = try writeDrafts(content, generation: generation)
        } catch {
            // The error is told; what the drafts have left is removed here, at the next try, or at the next start.
            try? removeDrafts()
            throw error
        }
        files = []
        do {
            for directory in directories { try giveName(in: directory) }
        } catch {
            // The number is used up: a file with it may stand in one of the places.
            frame.generation = generation
            mustRewrite = true
            throw error
        }
        frame = draft.frame
        count = draft.writer.count
        lastHash = draft.writer.hash
        tenantID = content.header.tenantID
        mustRewrite = false
    }

    /// The header of each of the two files as it lies on the disk.
    func headersOnDisk() throws -> [KeyringHeader] {
        try paths.map { path in
            guard let found = try KeyringCopy.header(of: disk.open(path, .read)) else {
                throw KeyringError(.damaged, "the keyring copy " + path + " has no header")
            }
            return found.header
        }
    }

    /// How far the files go.
    var extent: KeyringExtent { KeyringExtent(generation: frame.generation, length: end) }

    /// Bytes of the file in the first place.
    func read(_ range: Range<UInt64>) throws -> ByteBuffer {
        let path = directories[0] + "/" + Self.fileName
        let file = try disk.open(path, .read)
        let bytes = try file.read(at: range.lowerBound, count: range.count)
        try file.close()
        guard range.upperBound <= end, bytes.readableBytes == range.count else {
            throw KeyringError(.damaged, "the keyring copy " + path + " is shorter than it was")
        }
        return bytes
    }

    /// What is wrong with the files, in words.
    func fileProblem() throws -> String? {
        for path in paths {
            do {
                let copy = try KeyringCopy.scan(disk.open(path, .read), named: path)
                guard copy.frame == frame, copy.count == count, copy.lastHash == lastHash else {
                    return "the keyring copy " + path + " does not hold what was written; restart the server"
                }
            } catch let error as KeyringError {
                return error.description
            }
        }
        return nil
    }

    private struct Draft {
        let frame: KeyringHeader.Frame
        let writer: RecordWriter
    }

    private static let recordsPerWrite = 4_096

    private func writeDrafts(_ content: KeyringContent, generation: UInt64) throws -> Draft {
        try removeDrafts()
        let drafts = try directories.map { try disk.open($0 + "/" + Self.draftName, .createNew) }
        let entries = content.table.entries
        let (head, frame) = content.header.encode(generation: generation, baseCount: UInt64(entries.count))
        var writer = RecordWriter(tenantID: content.header.tenantID, count: 0, hash: frame.hash)
        var bytes = head
        var offset: UInt64 = 0
        for entry in entries {
            writer.write(entry, batchStart: 0, to: &bytes)
            if bytes.readableBytes >= Self.recordsPerWrite * KeyringRecord.length {
                for draft in drafts { try draft.write(bytes, at: offset) }
                offset += UInt64(bytes.readableBytes)
                bytes.clear()
            }
        }
        for draft in drafts {
            try draft.write(bytes, at: offset)
            try draft.synchronize()
            try draft.close()
        }
        return Draft(frame: frame, writer: writer)
    }

    private func giveName(in directory: String) throws {
        let path = directory + "/" + Self.fileName
        let old = try disk.exists(path) ? disk.open(path, .readWrite) : nil
        try disk.rename(directory + "/" + Self.draftName, to: path)
        // Only when the new name is durable may the old bytes go.
        try disk.syncDirectory(directory)
        if let old { try Self.overwrite(old) }
    }

    /// Removes what a rewriting that came to nothing has left.
    func removeDrafts() throws {
        for directory in directories {
            let path = directory + "/" + Self.draftName
            guard try disk.exists(path) else { continue }
            try Self.overwrite(disk.open(path, .readWrite))
            try disk.unlink(path)
            try disk.syncDirectory(directory)
        }
    }

    /// Puts zeros in the place of bytes that nobody shall find.
    ///
    /// A medium may keep old blocks all the same: what they hold is wrapped, and gone for good when the key-encryption key
    /// is destroyed.
    static func overwrite(_ file: any DiskFile) throws {
        let size = try file.size()
        var offset: UInt64 = 0
        while offset < size {
            let count = Int(min(size - offset, 1 << 20))
            try file.write(ByteBuffer(repeating: 0, count: count), at: offset)
            offset += UInt64(count)
        }
        try file.synchronize()
        try file.close()
    }

    private func openForAppending() throws -> [any DiskFile] {
        try zip(directories, paths).map { directory, path in
            let file = try disk.open(path, .readWrite)
            let size = try file.size()
            guard size >= end else {
                throw KeyringError(.damaged, "the keyring copy " + path + " is shorter than it was")
            }
            if size > end {
                try file.truncate(to: end)
                // What was cut must not come back beside other entries in the other copy.
                try file.synchronize()
            }
            // Who made the file may have been killed before its name was durable.
            try disk.syncDirectory(directory)
            return file
        }
    }
}

/// Encodes entries one behind the other, each with the hash of the one before.
struct RecordWriter: Sendable {
    let tenantID: RandomID
    private(set) var count: UInt64
    private(set) var hash: ChainHash

    init(tenantID: RandomID, count: UInt64, hash: ChainHash) {
        self.tenantID = tenantID
        self.count = count
        self.hash = hash
    }

    mutating func write(_ entry: KeyEntry, batchStart: UInt64, to bytes: inout ByteBuffer) {
        let start = bytes.writerIndex
        KeyringRecord(
            entry: entry,
            tenantID: tenantID,
            sequence: count,
            batchStart: batchStart,
            previousHash: hash
        ).write(to: &bytes)
        hash = ChainHash(of: bytes, at: start, length: KeyringRecord.length)
        count += 1
    }
}
