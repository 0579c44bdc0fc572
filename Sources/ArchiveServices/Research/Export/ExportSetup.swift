public import Deidentification
import NIOCore
import PackStorage
public import Platform

/// What exports need besides the archive.
public struct ExportSetup: Sendable {
    /// A place that an export goes to.
    public struct Target: Sendable {
        let destination: any ExportDestination
        /// What kind of place it is, for the report: `folder`, `zip`, `store`, `dicom`, `dicomweb`.
        let kind: String
        /// Whether documents of any name go there.
        var takesTables: Bool { ["folder", "zip", "store"].contains(kind) }

        /// Names a place.
        public init(_ destination: any ExportDestination, kind: String) {
            self.destination = destination
            self.kind = kind
        }
    }

    /// The folder in which lists of exports are kept.
    let folder: String
    let disk: any Disk
    let pool: WorkPool
    let cleaner: PixelCleaner
    /// Names that are taken out of texts besides the patient's own.
    let names: NameList
    /// SHA-256 of the files that decide besides the project, by what they are, for reports.
    let digests: [String: String]
    let frameLengthLimit: Int
    /// Program and version, for reports.
    let program: String
    /// Opens a place as it is named; makes nothing there.
    let open: @Sendable (String, ExportSpool) async throws -> Target

    /// Puts it together.
    ///
    /// - Parameters:
    ///   - folder: in which lists of exports are kept; made when it is needed.
    ///   - digests: SHA-256 of the files from which the rules of the cleaner and the names are, by what they are.
    ///   - open: Opens a place as it is named, and makes nothing there; its errors are told to the caller.
    public init(
        folder: String,
        disk: any Disk,
        pool: WorkPool,
        cleaner: PixelCleaner,
        names: NameList = .empty,
        digests: [String: String] = [:],
        frameLengthLimit: Int,
        program: String,
        open: @escaping @Sendable (String, ExportSpool) async throws -> Target
    ) {
        self.folder = folder
        self.disk = disk
        self.pool = pool
        self.cleaner = cleaner
        self.names = names
        self.digests = digests
        self.frameLengthLimit = frameLengthLimit
        self.program = program
        self.open = open
    }

    /// The folder of one export.
    func folder(of id: RandomID) -> String { folder + "/" + id.hex }

    func target(_ name: String, for id: RandomID) async throws -> Target {
        try await open(name, ExportSpool(folder: folder(of: id), disk: disk, pool: pool))
    }

    /// Removes what the archive keeps of an export that will never end.
    func forget(_ id: RandomID) async throws {
        let (path, disk, folder) = (folder(of: id), disk, folder)
        try await pool.run {
            guard try disk.exists(path) else { return }
            try disk.removeTree(path)
            try disk.syncDirectory(folder)
        }
    }

    // MARK: The last export to a place

    private func pointer(_ project: RandomID, _ destination: String) -> String {
        var digest = BlobDigest()
        digest.update(ByteBuffer(string: project.hex + " " + destination))
        return folder + "/last-" + Hex.encode(digest.value.prefix(16))
    }

    /// The last export of a project that has ended at that place.
    func lastExport(of project: RandomID, to destination: String) async throws -> RandomID? {
        let (path, disk) = (pointer(project, destination), disk)
        return try await pool.run {
            guard try disk.exists(path) else { return nil }
            let file = try disk.open(path, .read)
            defer { try? file.close() }
            return RandomID(hex: String(buffer: try file.read(at: 0, count: 32)))
        }
    }

    /// Remembers an export as the last one; the list of the one before is not needed any more.
    func remember(_ id: RandomID, of project: RandomID, to destination: String, instead earlier: RandomID?) async throws
    {
        let (path, disk, folder) = (pointer(project, destination), disk, folder)
        let old = earlier.flatMap { $0 == id ? nil : self.folder(of: $0) + "/rows" }
        try await pool.run {
            try disk.writeWhole(ByteBuffer(string: id.hex), to: path)
            try disk.syncDirectory(folder)
            if let old, try disk.exists(old) { try disk.unlink(old) }
        }
    }
}
