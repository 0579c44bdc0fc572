import Foundation
import NIOCore
import Platform

/// The mark in a data folder that tells it from the empty mount point that is left when its volume goes.
///
/// Where the folder is a mount point itself, a note beside the root key says so: then a start without the volume is refused,
/// and no second archive is begun beneath it.
struct VolumeMark {
    private let folder: DataFolder
    private let note: String
    private let disk = PosixDisk()

    init(_ folder: DataFolder, rootKeyPath: String) {
        self.folder = folder
        let keys = rootKeyPath.lastIndex(of: "/").map { String(rootKeyPath[..<$0]) } ?? "."
        note = keys + "/volume-" + String(folder.path.split(separator: "/").last ?? "data")
    }

    /// Makes the mark unless it is there.
    ///
    /// - Throws: When the folder was a mount point and is none now.
    func make() throws {
        guard try !disk.exists(folder.volumeMark) else { return try noteMountPoint() }
        guard try !disk.exists(note) || isMountPoint else {
            throw CommandFailure(
                "The volume of \(folder.path) is not mounted: mount it, and start again (or remove \(note) to begin a new "
                    + "archive without it)"
            )
        }
        try disk.makeDirectory(folder.path)
        let file = try disk.open(folder.volumeMark, .createNew)
        try file.write(ByteBuffer(string: "The volume of this archive is mounted while this file is here.\n"), at: 0)
        try file.synchronize()
        try file.close()
        try disk.syncDirectory(folder.path)
        try noteMountPoint()
    }

    private func noteMountPoint() throws {
        guard isMountPoint, try !disk.exists(note) else { return }
        let keys = note.lastIndex(of: "/").map { String(note[..<$0]) } ?? "."
        try disk.makeDirectory(keys)
        try disk.open(note, .createNew).close()
        try disk.syncDirectory(keys)
    }

    /// Whether the folder lies on another device than the one above it.
    private var isMountPoint: Bool {
        guard let here = device(folder.path), let above = device(folder.path + "/..") else { return false }
        return here != above
    }

    private func device(_ path: String) -> Int? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.systemNumber] as? NSNumber)?.intValue
    }
}
