import NIOCore
import Platform

/// The rows of an export's table of headers, one line each with the partition in front, in the folder of the export.
///
/// Written as the export goes on and cut off behind what its job has kept, as the list of objects is; at the end they are
/// put into the files of the table, and go.
struct HeaderSpool: Sendable {
    static let folderName = "headers"
    private static let name = "header-rows"
    /// Modalities are some sixty; more are made up, and go where those without a modality go.
    private static let partitionLimit = 100
    /// A longer file of a table is continued in the next.
    private static let partLength = 128 << 20

    private static let lineLimit = HeaderTable.lengthLimit + (64 << 10)

    private let journal: ExportJournal
    private let file: any DiskFile
    private let table: HeaderTable

    /// Opens the rows, cut off at `length`; makes them when there are none.
    init(_ table: HeaderTable, beside journal: ExportJournal, cutAt length: UInt64) async throws {
        self.table = table
        self.journal = journal
        file = try await journal.lines(Self.name, cutAt: length)
    }

    /// Writes the row of an object at a place, and returns where it ends.
    func append(_ row: String, in partition: String, at length: UInt64) async throws -> UInt64 {
        let bytes = ByteBuffer(string: partition + "\t" + row)
        try await journal.pool.run { [file] in try file.write(bytes, at: length) }
        return length + UInt64(bytes.readableBytes)
    }

    func synchronize() async throws {
        try await journal.pool.run { [file] in try file.synchronize() }
    }

    /// Makes the files of the table from the rows: `headers/modality_key=ct/part-00000.ndjson` and so on.
    func documents(until end: UInt64) async throws -> [ExportDocument] {
        var documents: [ExportDocument] = []
        var parts: [String: Part] = [:]
        var lines = TextLines(file, pool: journal.pool, range: 0..<end, lengthLimit: Self.lineLimit)
        while let line = try await lines.next() {
            guard let tab = line.utf8.firstIndex(of: 0x09) else {
                throw ExportError(.damaged, "The headers of an export cannot be read: begin a new export")
            }
            var partition = String(line[..<tab])
            if parts[partition] == nil, parts.count >= Self.partitionLimit { partition = HeaderTable.unknownPartition }
            // Taken out, so that its bytes are not copied.
            var part: Part
            if let open = parts.removeValue(forKey: partition) {
                part = open
            } else {
                part = Part(number: 0, writer: try await begin(partition, 0))
            }
            if part.writer.length >= Self.partLength {
                documents.append(try await part.writer.finish())
                part = Part(number: part.number + 1, writer: try await begin(partition, part.number + 1))
            }
            try await part.writer.write(String(line[line.utf8.index(after: tab)...]) + table.lineEnd)
            parts[partition] = part
        }
        for part in parts.values {
            var writer = part.writer
            documents.append(try await writer.finish())
        }
        return documents.sorted { $0.name < $1.name }
    }

    /// The file of a partition that is being written.
    private struct Part {
        let number: Int
        var writer: DocumentWriter
    }

    private func begin(_ partition: String, _ number: Int) async throws -> DocumentWriter {
        let digits = String(number)
        let name = String(repeating: "0", count: max(0, 5 - digits.utf8.count)) + digits
        let path = "\(Self.folderName)/modality_key=\(partition)/part-\(name).\(table.rawValue)"
        var writer = try await journal.document(path)
        try await writer.write(table.head)
        return writer
    }

    /// Removes rows and files: they lie at the export's place.
    static func remove(in folder: String, disk: any Disk, pool: WorkPool) async throws {
        try await pool.run {
            let rows = folder + "/" + name
            if try disk.exists(rows) { try disk.unlink(rows) }
            if try disk.exists(folder + "/" + folderName) { try disk.removeTree(folder + "/" + folderName) }
        }
    }
}
