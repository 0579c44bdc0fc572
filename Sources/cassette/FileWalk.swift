import Platform

/// The files that paths on the command line mean: files themselves, folders with all below them.
enum FileWalk {
    /// Folders inside folders; deeper ones are left out, which also ends loops of links.
    private static let depthLimit = 64

    /// All files, sorted within their folders.
    ///
    /// Names that begin with a dot are left out.
    ///
    /// - Throws: `CommandFailure` for a path that does not exist.
    static func files(_ paths: [String], disk: any Disk) throws -> [String] {
        var result: [String] = []
        for path in paths {
            guard try disk.exists(path) else { throw CommandFailure("There is no file or folder \(path)") }
            var pending = [(path: path, depth: 0)]
            while let next = pending.popLast() {
                guard let entries = try? disk.list(next.path) else {
                    // Not a folder, then; whether it can be read is seen when it is.
                    result.append(next.path)
                    continue
                }
                guard next.depth < depthLimit else { continue }
                let children = entries.filter { !$0.name.hasPrefix(".") }.sorted { $0.name < $1.name }
                result.append(contentsOf: children.filter { !$0.isDirectory }.map { next.path + "/" + $0.name })
                let folders = children.filter(\.isDirectory).map {
                    (path: next.path + "/" + $0.name, depth: next.depth + 1)
                }
                pending.append(contentsOf: folders.reversed())
            }
        }
        return result
    }
}
