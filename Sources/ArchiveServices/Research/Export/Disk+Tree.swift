import Platform

extension Disk {
    /// Removes a folder with all that is in it; of a link only the link.
    func removeTree(_ root: String) throws {
        var waiting = [root]
        var emptied: Set<String> = []
        while let path = waiting.last {
            if emptied.insert(path).inserted {
                for entry in try list(path) {
                    let name = path + "/" + entry.name
                    do {
                        // Tried first, for a link to a folder looks like one.
                        try unlink(name)
                    } catch {
                        guard entry.isDirectory else { throw error }
                        waiting.append(name)
                    }
                }
            } else {
                waiting.removeLast()
                try removeDirectory(path)
            }
        }
    }
}
