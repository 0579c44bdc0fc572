import NIOCore
public import Platform
import Synchronization

/// One ZIP file, written beside its final name and renamed when it is whole.
public final class ZIPDestination: ExportDestination {
    private let path: String
    private let disk: any Disk
    private let pool: WorkPool
    private let state = Mutex(State())

    private struct State {
        var file: (any DiskFile)?
        var position: UInt64 = 0
    }

    /// Names the file; its folder is there.
    public init(path: String, disk: any Disk, pool: WorkPool) {
        self.path = path
        self.disk = disk
        self.pool = pool
    }

    private var file: (any DiskFile)? {
        get { state.withLock { $0.file } }
        set { state.withLock { $0.file = newValue } }
    }

    private var position: UInt64 {
        get { state.withLock { $0.position } }
        set { state.withLock { $0.position = newValue } }
    }

    private var partial: String { PartialName.of(path) }
    private var folder: String { PartialName.folder(of: path) }

    /// Begins a file, or cuts one off where it is known to be whole.
    public func begin(_ id: RandomID, at position: UInt64?) async throws {
        let (disk, path, partial) = (disk, path, partial)
        self.position = position ?? 0
        file = try await answer {
            let isThere = try disk.exists(path)
            guard let position else {
                try Self.requireReplaceable(path, isThere, disk)
                if try disk.exists(partial) { try disk.unlink(partial) }
                return try disk.open(partial, .createNew)
            }
            guard try disk.exists(partial) else {
                // It has its final name: the process ended before it could tell.
                if isThere { return nil }
                throw ExportError(.lost, "\(partial) of the interrupted export is gone: begin a new export")
            }
            let file = try disk.open(partial, .readWrite)
            guard try file.size() >= position else {
                throw ExportError(.lost, "\(partial) of the interrupted export was changed: begin a new export")
            }
            try file.truncate(to: position)
            return file
        }
    }

    private static func requireReplaceable(_ path: String, _ isThere: Bool, _ disk: any Disk) throws {
        guard isThere else { return }
        let file = try disk.open(path, .read)
        let begin = try file.read(at: 0, count: 2)
        try file.close()
        guard begin == ByteBuffer(string: "PK") else {
            throw ExportError(.badDestination, "\(path) is there and is no ZIP file: choose another name")
        }
    }

    /// Writes an object at the end.
    public func put(_ object: ExportObject) async throws -> ExportPlacement {
        guard file != nil else {
            throw ExportError(.lost, "\(partial) of the interrupted export is gone: begin a new export")
        }
        try await append(object.name.text, object.content)
        return .sent
    }

    private func append(_ name: String, _ content: ExportContent) async throws {
        let begin = position
        do {
            let header = ExportedFile(path: name, length: content.length, crc32: content.crc32)
            try await write(ZIPFormat.localHeader(ZIPFormat.Entry(header, offset: begin)))
            try await content.forEachPiece { try await self.write($0) }
        } catch {
            // The next object is written over what was begun.
            position = begin
            throw error
        }
    }

    private func write(_ bytes: ByteBuffer) async throws {
        guard bytes.readableBytes > 0, let file else { return }
        let start = position
        try await answer { try file.write(bytes, at: start) }
        position = start + UInt64(bytes.readableBytes)
    }

    /// Makes the file durable as far as it is.
    public func settle() async throws -> UInt64 {
        guard let file else { return position }
        let end = position
        try await answer {
            try file.truncate(to: end)
            try file.synchronize()
        }
        return end
    }

    /// Writes the directory and gives the file its name.
    public func finish(
        _ documents: [ExportDocument],
        files: ExportedFiles
    ) async throws {
        guard file != nil else { return }
        let objectsEnd = position
        for document in documents { try await append(document.name.text, document.content) }
        var writer = DirectoryWriter()
        var files = files
        let directoryOffset = position
        while let file = try await files.next() {
            if let bytes = writer.add(file) { try await write(bytes) }
        }
        guard writer.offset == objectsEnd else {
            throw ExportError(.lost, "\(partial) is not what its list says: begin a new export")
        }
        for document in documents {
            let content = document.content
            let file = ExportedFile(path: document.name.text, length: content.length, crc32: content.crc32)
            if let bytes = writer.add(file) { try await write(bytes) }
        }
        try await write(writer.gathered)
        let length = position - directoryOffset
        try await write(ZIPFormat.end(count: writer.count, directoryOffset: directoryOffset, directoryLength: length))
        try await commit()
    }

    /// Gathers the records of the directory.
    private struct DirectoryWriter {
        /// Where the next file would begin.
        var offset: UInt64 = 0
        var count: UInt64 = 0
        var gathered = ByteBuffer()

        /// Adds a file; returns what has gathered when it is enough to be written.
        mutating func add(_ file: ExportedFile) -> ByteBuffer? {
            let entry = ZIPFormat.Entry(file, offset: offset)
            offset += entry.storedLength
            count += 1
            gathered.writeImmutableBuffer(ZIPFormat.centralHeader(entry))
            guard gathered.readableBytes >= 256 << 10 else { return nil }
            defer { gathered = ByteBuffer() }
            return gathered
        }
    }

    private func commit() async throws {
        let end = position
        let (disk, path, partial, folder, file) = (disk, path, partial, folder, file)
        try await answer {
            try file?.truncate(to: end)
            try file?.synchronize()
            try file?.close()
            try disk.rename(partial, to: path)
            try disk.syncDirectory(folder)
        }
        self.file = nil
    }

    /// Removes the file that was begun.
    public func abandon(_ id: RandomID) async throws {
        let (disk, partial, folder, file) = (disk, partial, folder, file)
        self.file = nil
        try await answer {
            try file?.close()
            guard try disk.exists(partial) else { return }
            try disk.unlink(partial)
            try disk.syncDirectory(folder)
        }
    }

    private func answer<Answer: Sendable>(_ body: @escaping @Sendable () throws -> Answer) async throws -> Answer {
        do {
            return try await pool.run(body)
        } catch let error as DiskError {
            throw ExportError(error, at: path)
        }
    }
}

/// The name that something bears beside its final one while it is written.
enum PartialName {
    static func of(_ path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        return (folder(of: path) == "/" ? "/" : folder(of: path) + "/") + ".\(name).partial"
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
