import NIOCore
public import Platform

/// Where large objects lie while they are sent to places that read them from any offset: files without names.
///
/// Only what has passed the gate gets here.
public struct ExportSpool: Sendable {
    let folder: String
    let disk: any Disk
    /// Threads for files.
    public let pool: WorkPool

    /// Names the folder.
    public init(folder: String, disk: any Disk, pool: WorkPool) {
        self.folder = folder
        self.disk = disk
        self.pool = pool
    }

    /// A file with these bytes that goes when nobody holds it any more.
    public func file(_ content: ExportContent) async throws -> any DiskFile {
        let (disk, folder) = (disk, folder)
        let file = try await pool.run {
            try disk.makeDirectory(folder)
            let path = folder + "/spool"
            if try disk.exists(path) { try disk.unlink(path) }
            let file = try disk.open(path, .createNew)
            try disk.unlink(path)
            return file
        }
        var position: UInt64 = 0
        try await content.forEachPiece { piece in
            let start = position
            try await pool.run { try file.write(piece, at: start) }
            position += UInt64(piece.readableBytes)
        }
        return file
    }
}
