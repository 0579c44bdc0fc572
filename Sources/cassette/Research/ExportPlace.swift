import ArchiveServices
import DICOMCore
import PackStorage
import Platform

/// Where an export goes, as typed: a folder, a file `.zip`, `s3://bucket/prefix`, `store:NAME`, `dicom://AET@host:port`, or
/// the address of a DICOMweb server.
struct ExportPlace: Sendable {
    /// What a server is told: a folder is named by its absolute path, because the server runs elsewhere.
    static func absolute(_ typed: String) -> String {
        guard !isRemote(typed) else { return typed }
        return DataFolder(typed, workingDirectory: Environment.workingDirectory).path
    }

    private static func isRemote(_ typed: String) -> Bool {
        ["store:", "s3://", "dicom://", "http://", "https://"].contains { typed.hasPrefix($0) }
    }

    let folder: DataFolder
    let rootKeyPath: String
    let storage: StorageSettings
    let disk: any Disk
    let pool: WorkPool

    /// Opens a place; makes nothing there.
    ///
    /// - Throws: ``CommandFailure`` for a place that no export may go to.
    func open(_ text: String, _ spool: ExportSpool) async throws -> ExportSetup.Target {
        if text.hasPrefix("dicom://") {
            return ExportSetup.Target(try DICOMDestination(String(text.dropFirst(8)), spool: spool), kind: "dicom")
        }
        if text.hasPrefix("http://") || text.hasPrefix("https://") {
            let token = Environment["EXPORT_TOKEN"]
            return ExportSetup.Target(try WebDestination(text, token: token, spool: spool), kind: "dicomweb")
        }
        if text.hasPrefix("store:") || text.hasPrefix("s3://") {
            let store = try BackupPlace(text, storage: storage, standardPrefix: "export/")
                .writable(for: folder, rootKeyPath: rootKeyPath, disk: disk)
            return ExportSetup.Target(StoreDestination(store, spool: spool), kind: "store")
        }
        let (disk, pool, path) = (disk, pool, Self.absolute(text))
        let final = try await pool.run { try checked(path) }
        if final.lowercased().hasSuffix(".zip") {
            return ExportSetup.Target(ZIPDestination(path: final, disk: disk, pool: pool), kind: "zip")
        }
        return ExportSetup.Target(FolderDestination(path: final, disk: disk, pool: pool), kind: "folder")
    }

    /// The path without links; it lies in a folder that is there, and not where the archive keeps its own.
    private func checked(_ path: String) throws -> String {
        var final = path
        if try disk.exists(path) {
            final = try disk.resolve(path)
        } else {
            let name = path.split(separator: "/").last ?? ""
            let parent = String(path.dropLast(name.count + 1))
            guard try disk.exists(parent.isEmpty ? "/" : parent) else {
                throw CommandFailure("There is no folder \(parent): make it first")
            }
            let real = try disk.resolve(parent.isEmpty ? "/" : parent)
            final = (real == "/" ? "" : real) + "/" + name
        }
        let data = try disk.resolve(folder.path)
        guard !Self.lies(final, in: data), !Self.lies(data, in: final) else {
            throw CommandFailure("An export does not go into its archive: choose a place outside of \(folder.path)")
        }
        if try disk.exists(rootKeyPath), Self.lies(try disk.resolve(rootKeyPath), in: final) {
            throw CommandFailure("The root key lies in \(path), which an export would replace: choose another folder")
        }
        let parent = String(final.dropLast((final.split(separator: "/").last ?? "").count + 1))
        for folder in [final, parent] where try disk.exists(folder + "/.cassette-store") {
            throw CommandFailure("\(folder) is a store of packs: choose a folder of its own for exports")
        }
        return final
    }

    private static func lies(_ path: String, in folder: String) -> Bool {
        path == folder || path.hasPrefix(folder.hasSuffix("/") ? folder : folder + "/")
    }
}
