import NIOCore
import Platform

/// The list of what an export has sent and what stays, one line each, in the folder of the export beside the index.
///
/// Holds pseudonyms and new UIDs only. It is written as the export goes on; behind the last place that the job has kept it
/// is cut off when the job goes on.
struct ExportJournal: Sendable {
    static let manifestName = "manifest.csv"
    static let quarantineName = "quarantine.csv"
    static let reportName = "report.json"
    static let pageName = "report.html"
    private static let rowsName = "rows"

    /// The folder of the export.
    let folder: String
    let disk: any Disk
    let pool: WorkPool
    private let file: any DiskFile

    /// Opens the list, cut off at `length`; makes it when there is none.
    static func open(
        _ folder: String,
        cutAt length: UInt64,
        disk: any Disk,
        pool: WorkPool
    ) async throws -> ExportJournal {
        let file = try await lines(folder + "/" + rowsName, in: folder, cutAt: length, disk, pool)
        return ExportJournal(folder: folder, disk: disk, pool: pool, file: file)
    }

    /// Opens another list beside it, cut off at `length`; makes it when there is none.
    func lines(_ name: String, cutAt length: UInt64) async throws -> any DiskFile {
        try await Self.lines(folder + "/" + name, in: folder, cutAt: length, disk, pool)
    }

    private static func lines(
        _ path: String,
        in folder: String,
        cutAt length: UInt64,
        _ disk: any Disk,
        _ pool: WorkPool
    ) async throws -> any DiskFile {
        try await pool.run {
            try disk.makeDirectory(folder)
            guard try disk.exists(path) else {
                guard length == 0 else {
                    throw ExportError(.lost, "The list of the interrupted export is gone: begin a new export")
                }
                let file = try disk.open(path, .createNew)
                try disk.syncDirectory(folder)
                return file
            }
            let file = try disk.open(path, .readWrite)
            guard try file.size() >= length else {
                throw ExportError(.lost, "The list of the interrupted export was changed: begin a new export")
            }
            try file.truncate(to: length)
            return file
        }
    }

    /// Opens the list of an export that has ended; `nil` when it is gone.
    static func existing(_ folder: String, disk: any Disk, pool: WorkPool) async throws -> ExportJournal? {
        let path = folder + "/" + rowsName
        guard let file = try await pool.run({ try disk.exists(path) ? try disk.open(path, .read) : nil }) else {
            return nil
        }
        return ExportJournal(folder: folder, disk: disk, pool: pool, file: file)
    }

    /// Writes lines at a place, and returns where they end.
    func append(_ text: String, at length: UInt64) async throws -> UInt64 {
        let bytes = ByteBuffer(string: text)
        try await pool.run { [file] in try file.write(bytes, at: length) }
        return length + UInt64(bytes.readableBytes)
    }

    /// Makes the lines durable.
    func synchronize() async throws {
        try await pool.run { [file] in try file.synchronize() }
    }

    /// The rows of a range of bytes, from its first byte to its end.
    struct Rows: Sendable {
        fileprivate var lines: TextLines
        fileprivate var start: UInt64

        /// The next row, and where its line begins; `nil` at the end.
        mutating func next() async throws -> (row: ExportRow, start: UInt64)? {
            guard let line = try await lines.next() else { return nil }
            guard let row = ExportRow(line: line) else {
                throw ExportError(.damaged, "The list of an export cannot be read: begin a new export")
            }
            defer { start += UInt64(line.utf8.count) + 2 }
            return (row, start)
        }
    }

    /// The rows of a range of bytes.
    func rows(in range: Range<UInt64>) -> Rows {
        Rows(lines: TextLines(file, pool: pool, range: range), start: range.lowerBound)
    }

    /// Writes a document into the folder, in the place of what was there.
    func write(
        _ name: String,
        _ make: ((String) async throws -> Void) async throws -> Void
    ) async throws -> ExportDocument {
        var writer = try await document(name)
        try await make { try await writer.write($0) }
        return try await writer.finish()
    }

    /// Begins a document in the folder, in the place of what was there.
    func document(_ name: String) async throws -> DocumentWriter {
        guard let name = ExportName(name) else { throw ExportError(.damaged, "A document has no name") }
        return try await DocumentWriter(name, in: folder, disk: disk, pool: pool)
    }
}
