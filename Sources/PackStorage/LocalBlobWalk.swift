import Platform

/// Walks over the files of a folder in the order of their keys, without those of a name that no key can have.
///
/// Folders that cannot hold what is wanted are not read. Blocks.
struct LocalBlobWalk {
    /// A name that was found and not looked at yet; that of a folder ends with `/`, which is how it sorts among keys.
    private struct Found {
        let name: String
        let size: UInt64

        var isFolder: Bool { name.hasSuffix("/") }
    }

    private let directory: String
    private let disk: any Disk
    private let prefix: String
    private let after: BlobKey?
    /// The next one last.
    private var found = [Found(name: "", size: 0)]
    private var isAtRoot = true

    init(directory: String, disk: any Disk, prefix: String, after: BlobKey?) {
        self.directory = directory
        self.disk = disk
        self.prefix = prefix
        self.after = after
    }

    mutating func next() throws(DiskError) -> BlobEntry? {
        while let next = found.popLast() {
            if isAtRoot || next.isFolder {
                isAtRoot = false
                if mayHoldWanted(next.name) { try open(next.name) }
            } else if next.name.hasPrefix(prefix), let key = BlobKey(next.name), after.map({ $0 < key }) ?? true {
                return BlobEntry(key: key, size: next.size)
            }
        }
        return nil
    }

    private func mayHoldWanted(_ folder: String) -> Bool {
        guard folder.hasPrefix(prefix) || prefix.hasPrefix(folder) else { return false }
        guard let after else { return true }
        return folder > after.text || after.text.hasPrefix(folder)
    }

    private mutating func open(_ folder: String) throws(DiskError) {
        let entries: [DiskEntry]
        do {
            entries = try disk.list(directory + "/" + folder)
        } catch let error {
            // Nothing was stored yet, or the folder went while others were read.
            guard error.code == .notFound else { throw error }
            return
        }
        let names = entries.filter { !$0.name.hasPrefix(".") }.map {
            Found(name: folder + $0.name + ($0.isDirectory ? "/" : ""), size: $0.size)
        }
        found += names.sorted { $0.name > $1.name }
    }
}
