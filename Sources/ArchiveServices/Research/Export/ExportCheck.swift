import NIOCore
public import Platform
import Sealing

/// Checks an export that lies in a folder: the signature, the manifest, and every file.
public struct ExportCheck: Sendable {
    /// What was found.
    public struct Findings: Sendable, Hashable {
        /// Files that the manifest names.
        public var files = 0
        /// Their bytes.
        public var bytes: UInt64 = 0
        /// What is wrong; the first of them.
        public var problems: [String] = []
        /// All that is wrong.
        public var problemCount = 0
        /// The public key that has signed.
        public var publicKey: [UInt8] = []
        /// The project.
        public var project = ""
        /// When it was made.
        public var made = ""

        /// Whether nothing is wrong.
        public var isSound: Bool { problemCount == 0 }

        mutating func note(_ problem: String) {
            problemCount += 1
            if problems.count < 100 { problems.append(problem) }
        }
    }

    /// A report has this many bytes at most: attributes are many, but not endless.
    private static let reportLimit = 64 << 20

    private let folder: String
    private let disk: any Disk
    private let pool: WorkPool

    /// Names the folder.
    public init(folder: String, disk: any Disk, pool: WorkPool) {
        self.folder = folder
        self.disk = disk
        self.pool = pool
    }

    /// Reads everything.
    ///
    /// - Parameters:
    ///   - expected: The public key that must have signed; `nil`: any.
    ///   - progress: Told of the files that were read.
    /// - Throws: ``ExportError`` where there is no export.
    public func run(publicKey expected: [UInt8]?, progress: (Int) -> Void = { _ in }) async throws -> Findings {
        var findings = Findings()
        let text = try await whole(ExportJournal.reportName)
        let certificate: SignedCertificate
        do {
            certificate = try SignedCertificate(reading: Array(text.readableBytesView))
        } catch {
            throw ExportError(.damaged, "\(folder)/\(ExportJournal.reportName): \(error)")
        }
        findings.publicKey = certificate.publicKey
        findings.project = certificate.statement["project"]?.text ?? ""
        findings.made = certificate.statement["made"]?.text ?? ""
        do {
            try certificate.verify(publicKey: expected)
        } catch {
            findings.note("\(ExportJournal.reportName): \(error)")
        }
        if certificate.kind != ExportReport.kind {
            findings.note("\(ExportJournal.reportName) is a certificate of another kind: '\(certificate.kind)'")
        }
        if try await whole(ExportJournal.pageName) != ByteBuffer(string: ExportPage.html(certificate)) {
            findings.note("\(ExportJournal.pageName) does not say what \(ExportJournal.reportName) says")
        }
        for name in ["manifest", "quarantine"] {
            let file = certificate.statement[name]
            let known = file?["name"]?.text ?? name + ".csv"
            try await check(known, sha256: file?["sha256"]?.text ?? "", length: nil, &findings)
        }
        var tables: Set<String> = []
        if case .array(let files) = certificate.statement["headers"] {
            for file in files {
                let name = file["name"]?.text ?? ""
                tables.insert(name)
                try await check(name, sha256: file["sha256"]?.text ?? "", length: nil, &findings)
            }
        }
        var listed = try await checkFiles(&findings, progress).union(tables)
        listed.formUnion([
            ExportJournal.manifestName, ExportJournal.quarantineName, ExportJournal.reportName, ExportJournal.pageName,
        ])
        try await checkStrangers(listed, &findings)
        return findings
    }

    /// Reads every file of the manifest.
    ///
    /// - Returns: Their paths.
    private func checkFiles(_ findings: inout Findings, _ progress: (Int) -> Void) async throws -> Set<String> {
        let path = folder + "/" + ExportJournal.manifestName
        let file = try await answer { [disk] in try disk.open(path, .read) }
        var lines = TextLines(file, pool: pool)
        guard try await lines.next().flatMap({ CSVText.cells($0) }) == ExportRow.Object.columns else {
            findings.note("\(ExportJournal.manifestName) has other columns")
            return []
        }
        var listed: Set<String> = []
        while let line = try await lines.next() {
            guard let cells = CSVText.cells(line), cells.count == ExportRow.Object.columns.count,
                let name = ExportName(cells[0]), let length = UInt64(cells[2])
            else {
                findings.note("\(ExportJournal.manifestName) has a line that cannot be read")
                continue
            }
            listed.insert(name.text)
            findings.files += 1
            findings.bytes += length
            try await check(name.text, sha256: cells[1], length: length, &findings)
            progress(findings.files)
        }
        return listed
    }

    private func check(
        _ name: String,
        sha256: String,
        length: UInt64?,
        _ findings: inout Findings
    ) async throws {
        guard let name = ExportName(name) else { return findings.note("A file has a name that no export gives") }
        let path = folder + "/" + name.text
        do {
            let file = try await pool.run { [disk] in try disk.open(path, .read) }
            let content = try await ExportContent(file, pool: pool)
            try file.close()
            guard content.length == length ?? content.length, Hex.encode(content.sha256) == sha256 else {
                return findings.note("\(name.text) is not the file that was exported")
            }
        } catch let error as DiskError {
            findings.note("\(name.text): \(error)")
        }
    }

    /// Notes files that nothing names.
    private func checkStrangers(_ listed: Set<String>, _ findings: inout Findings) async throws {
        var waiting = [""]
        while let prefix = waiting.popLast() {
            let path = folder + "/" + prefix
            for entry in try await answer({ [disk] in try disk.list(path) }) {
                let name = prefix + entry.name
                // Four levels of folders are an export's.
                if entry.isDirectory, prefix.utf8.count(where: { $0 == UInt8(ascii: "/") }) < 8 {
                    waiting.append(name + "/")
                } else if !listed.contains(name) {
                    findings.note("\(name) is in no manifest")
                }
            }
        }
    }

    private func whole(_ name: String) async throws -> ByteBuffer {
        let path = folder + "/" + name
        return try await answer { [disk] in
            guard try disk.exists(path) else {
                throw ExportError(.badDestination, "\(path) is not there: this is no whole export")
            }
            let file = try disk.open(path, .read)
            defer { try? file.close() }
            guard try file.size() <= UInt64(Self.reportLimit) else {
                throw ExportError(.damaged, "\(path) is too long")
            }
            return try file.read(at: 0, count: Self.reportLimit)
        }
    }

    private func answer<Answer: Sendable>(_ body: @escaping @Sendable () throws -> Answer) async throws -> Answer {
        do {
            return try await pool.run(body)
        } catch let error as DiskError {
            throw ExportError(error, at: folder)
        }
    }
}
