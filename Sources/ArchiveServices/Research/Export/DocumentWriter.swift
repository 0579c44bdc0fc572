import NIOCore
import Platform

/// A document of an export while it is written, in the folder that the archive keeps of it.
struct DocumentWriter: Sendable {
    /// Bytes that are gathered before they are written.
    private static let pieceLength = 256 << 10

    private let name: ExportName
    private let folder: String
    private let disk: any Disk
    private let pool: WorkPool
    private let file: any DiskFile
    private var gathered = ByteBuffer()
    private var written: UInt64 = 0

    /// Bytes so far.
    var length: UInt64 { written + UInt64(gathered.readableBytes) }

    /// Begins a document, in the place of what was there.
    init(_ name: ExportName, in folder: String, disk: any Disk, pool: WorkPool) async throws {
        self.name = name
        self.disk = disk
        self.pool = pool
        let components = name.components
        let inner = ([folder] + components.dropLast().map(String.init)).joined(separator: "/")
        let path = inner + "/" + (components.last ?? "")
        self.folder = inner
        file = try await pool.run {
            try disk.makeDirectory(inner)
            if try disk.exists(path) { try disk.unlink(path) }
            return try disk.open(path, .createNew)
        }
    }

    /// Appends text.
    mutating func write(_ text: String) async throws {
        gathered.writeString(text)
        if gathered.readableBytes >= Self.pieceLength { try await flush() }
    }

    /// Makes it durable.
    mutating func finish() async throws -> ExportDocument {
        try await flush()
        let (file, disk, folder) = (file, disk, folder)
        try await pool.run {
            try file.synchronize()
            try disk.syncDirectory(folder)
        }
        return ExportDocument(name: name, content: try await ExportContent(file, pool: pool))
    }

    private mutating func flush() async throws {
        let (piece, start, file) = (gathered, written, file)
        gathered.clear()
        written += UInt64(piece.readableBytes)
        try await pool.run { try file.write(piece, at: start) }
    }
}
