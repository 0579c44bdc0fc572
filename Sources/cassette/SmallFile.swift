import NIOCore
import Platform

/// Small text files of the data folder: written whole, durably, readable by the owner only.
struct SmallFile: Sendable {
    private static let lengthLimit = 1 << 20

    let path: String
    let disk: any Disk

    /// The text; `nil` when there is no such file.
    func read() throws(DiskError) -> String? {
        guard try disk.exists(path) else { return nil }
        let file = try disk.open(path, .read)
        let buffer = try file.read(at: 0, count: Self.lengthLimit)
        try file.close()
        return String(buffer: buffer)
    }

    /// Puts the text in the place of what was there, all or nothing, also over a power cut.
    func write(_ text: String) throws(DiskError) {
        let draft = path + ".new"
        if try disk.exists(draft) { try disk.unlink(draft) }
        let file = try disk.open(draft, .createNew)
        try file.write(ByteBuffer(string: text), at: 0)
        try file.synchronize()
        try file.close()
        try disk.rename(draft, to: path)
        try disk.syncDirectory(String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)))
    }
}
