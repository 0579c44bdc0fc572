import Platform

extension Disk {
    /// Makes a directory, and makes its name durable also when it was there: who made it may have been killed before that.
    func makeDirectoryWithDurableName(_ path: String) throws(DiskError) {
        try makeDirectory(path)
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        do {
            try syncDirectory(parent)
        } catch let error {
            // A folder that this user may not open is not one that this user has put something into.
            guard error.code == .permission else { throw error }
        }
    }
}
