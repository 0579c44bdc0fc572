import NIOCore
public import Platform
import Synchronization

/// A folder, written beside its final name; it takes the place of an earlier export's at once.
///
/// What stands under the final name is one whole export at any instant: two folders exchange their names, and the earlier one
/// is removed afterwards. The folder `.NAME.partial` holds a mark with the id of its export until that has its name.
public final class FolderDestination: ExportDestination {
    private static let markName = ".cassette-export"
    /// What every folder of an export has.
    private static let documents = ["manifest.csv", "report.json"]

    private let path: String
    private let disk: any Disk
    private let pool: WorkPool
    private let state = Mutex(State())

    private struct State {
        var made: Set<String> = []
        var id: RandomID?
        /// The folder has its final name: the process ended before it could tell.
        var isWritten = false
    }

    /// Names the folder; the folder that it lies in is there.
    public init(path: String, disk: any Disk, pool: WorkPool) {
        self.path = path
        self.disk = disk
        self.pool = pool
    }

    private var partial: String { PartialName.of(path) }
    private var folder: String { PartialName.folder(of: path) }

    /// Makes the folder beside the final one, or goes on in it.
    public func begin(_ id: RandomID, at position: UInt64?) async throws {
        let (disk, path, partial) = (disk, path, partial)
        let isWritten = try await answer {
            if position != nil {
                if try Self.mark(partial, disk) == id { return false }
                guard try Self.isExport(path, disk) else {
                    throw ExportError(.lost, "\(partial) of the interrupted export is gone: begin a new export")
                }
                return true
            }
            guard try Self.isReplaceable(path, disk) else {
                throw ExportError(
                    .badDestination,
                    "\(path) is there and is no export, or holds more than that: choose another name"
                )
            }
            if try disk.exists(partial) {
                guard try Self.mark(partial, disk) != nil || Self.isExport(partial, disk) else {
                    throw ExportError(.badDestination, "\(partial) is there, and no export made it: remove it")
                }
                try disk.removeTree(partial)
            }
            try disk.makeDirectory(partial)
            let file = try disk.open(partial + "/" + Self.markName, .createNew)
            try file.write(ByteBuffer(string: id.hex), at: 0)
            try file.synchronize()
            try file.close()
            try disk.syncDirectory(partial)
            return false
        }
        state.withLock { $0 = State(id: id, isWritten: isWritten) }
    }

    /// Writes an object, durably but for the names of its folders.
    public func put(_ object: ExportObject) async throws -> ExportPlacement {
        guard !state.withLock({ $0.isWritten }) else {
            throw ExportError(.lost, "\(partial) of the interrupted export is gone: begin a new export")
        }
        try await write(object.name, object.content)
        return .sent
    }

    private func write(_ name: ExportName, _ content: ExportContent) async throws {
        let components = name.components
        let folder = ([partial] + components.dropLast().map(String.init)).joined(separator: "/")
        let path = folder + "/" + (components.last ?? "")
        let isKnown = state.withLock { $0.made.contains(folder) }
        let disk = disk
        let file = try await answer {
            if !isKnown { try disk.makeDirectory(folder) }
            // Of an export that was interrupted: it is written again.
            if try disk.exists(path) { try disk.unlink(path) }
            return try disk.open(path, .createNew)
        }
        state.withLock { _ = $0.made.insert(folder) }
        var position: UInt64 = 0
        try await content.forEachPiece { piece in
            let start = position
            try await self.answer { try file.write(piece, at: start) }
            position += UInt64(piece.readableBytes)
        }
        try await answer {
            try file.synchronize()
            try file.close()
        }
    }

    /// Makes the names in all folders durable.
    public func settle() async throws -> UInt64 {
        let (disk, made) = (disk, state.withLock { $0.made.sorted() })
        try await answer { for folder in made { try disk.syncDirectory(folder) } }
        state.withLock { $0.made = [] }
        return 0
    }

    /// Gives the folder its name.
    public func finish(
        _ documents: [ExportDocument],
        files: ExportedFiles
    ) async throws {
        let (disk, path, partial, folder) = (disk, path, partial, folder)
        let (id, isWritten) = state.withLock { ($0.id, $0.isWritten) }
        if !isWritten {
            for document in documents { try await write(document.name, document.content) }
            _ = try await settle()
            try await answer {
                try disk.syncDirectory(partial)
                if try disk.exists(path), try !disk.list(path).isEmpty {
                    guard try Self.isReplaceable(path, disk) else {
                        throw ExportError(
                            .badDestination,
                            "\(path) is there and is no export, or holds more than that: choose another name"
                        )
                    }
                    try Self.exchange(partial, path, disk)
                } else {
                    try disk.rename(partial, to: path)
                }
                try disk.syncDirectory(folder)
            }
        }
        try await answer {
            if try Self.mark(path, disk) == id {
                try disk.unlink(path + "/" + Self.markName)
                try disk.syncDirectory(path)
            }
            if try disk.exists(partial), try Self.isExport(partial, disk) { try disk.removeTree(partial) }
            try disk.syncDirectory(folder)
        }
    }

    private static func exchange(_ first: String, _ second: String, _ disk: any Disk) throws {
        do {
            try disk.exchange(first, with: second)
        } catch {
            guard case .other = error.code else { throw error }
            throw ExportError(
                .badDestination,
                "The file system of \(second) cannot replace a folder at once: choose a new name (\(error))"
            )
        }
    }

    /// Removes the folder that was begun.
    public func abandon(_ id: RandomID) async throws {
        let (disk, partial, folder) = (disk, partial, folder)
        try await answer {
            guard try Self.mark(partial, disk) == id else { return }
            try disk.removeTree(partial)
            try disk.syncDirectory(folder)
        }
    }

    /// The id of the export that a folder belongs to while it has not ended.
    private static func mark(_ path: String, _ disk: any Disk) throws -> RandomID? {
        let name = path + "/" + markName
        guard try disk.exists(name) else { return nil }
        let file = try disk.open(name, .read)
        let text = try file.read(at: 0, count: 64)
        try file.close()
        return RandomID(hex: String(buffer: text))
    }

    private static func isExport(_ path: String, _ disk: any Disk) throws -> Bool {
        for name in documents where try !disk.exists(path + "/" + name) { return false }
        return true
    }

    /// Whether nothing is there, or an empty folder, or an export that nobody has put a file into.
    private static func isReplaceable(_ path: String, _ disk: any Disk) throws -> Bool {
        guard try disk.exists(path) else { return true }
        do {
            let entries = try disk.list(path)
            let known = Set(ExportService.documentNames + [markName])
            guard !entries.isEmpty else { return true }
            return try entries.allSatisfy { $0.isDirectory || known.contains($0.name) } && isExport(path, disk)
        } catch let error as DiskError {
            guard case .other = error.code else { throw error }
            // A file.
            return false
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
