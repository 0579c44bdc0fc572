import NIOCore
import Platform

extension Disk {
    /// Puts bytes in the place of a file, all or nothing; the name is durable after its directory is synced.
    ///
    /// Blocks.
    func writeWhole(_ bytes: ByteBuffer, to path: String) throws(DiskError) {
        let draft = path + ".new"
        if try exists(draft) { try unlink(draft) }
        let file = try open(draft, .createNew)
        try file.write(bytes, at: 0)
        try file.synchronize()
        try file.close()
        try rename(draft, to: path)
    }
}
