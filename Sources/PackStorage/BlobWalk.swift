/// Walks over a tree of folders in the order of the keys of its files, without names that no key can have.
///
/// A machine: it says which folder it wants to see, and is shown it. Folders that cannot hold what is wanted are not asked
/// for.
public struct BlobWalk: Sendable {
    /// What comes next.
    public enum Step: Sendable, Hashable {
        /// Show what is in that folder with ``show(_:in:)``; its path ends with `/`, and that of the root is empty.
        case look(String)
        /// A file.
        case found(BlobEntry)
    }

    /// A name in a folder.
    public struct Name: Sendable, Hashable {
        /// The name, without its folder.
        public let text: String
        /// Bytes; 0 of a folder.
        public let size: UInt64
        /// Whether it holds others.
        public let isFolder: Bool

        /// Makes a name.
        public init(_ text: String, size: UInt64, isFolder: Bool) {
            self.text = text
            self.size = size
            self.isFolder = isFolder
        }
    }

    private let prefix: String
    private let after: BlobKey?
    // The next one last. Paths of folders end with `/`, which is how they sort among keys.
    private var waiting = [(path: "", size: UInt64(0))]
    private var isAtRoot = true

    /// Begins at the root.
    public init(prefix: String, after: BlobKey?) {
        self.prefix = prefix
        self.after = after
    }

    /// The next step; `nil` at the end.
    public mutating func next() -> Step? {
        while let (path, size) = waiting.popLast() {
            if isAtRoot || path.hasSuffix("/") {
                isAtRoot = false
                if mayHoldWanted(path) { return .look(path) }
            } else if path.hasPrefix(prefix), let key = BlobKey(path), after.map({ $0 < key }) ?? true {
                return .found(BlobEntry(key: key, size: size))
            }
        }
        return nil
    }

    /// Shows what is in a folder.
    public mutating func show(_ names: [Name], in folder: String) {
        let visible = names.filter { !$0.text.isEmpty && !$0.text.hasPrefix(".") && !$0.text.contains("/") }
        let found = visible.map { (path: folder + $0.text + ($0.isFolder ? "/" : ""), size: $0.size) }
        waiting += found.sorted { $0.path > $1.path }
    }

    private func mayHoldWanted(_ folder: String) -> Bool {
        guard folder.utf8.count < 256, folder.hasPrefix(prefix) || prefix.hasPrefix(folder) else { return false }
        guard let after else { return true }
        return folder > after.text || after.text.hasPrefix(folder)
    }
}
