/// The folder that a backup is restored into, and the names in it.
public struct RestoreFolder: Sendable, Hashable {
    /// The name of the file that stands in the folder until the restore is complete.
    public static let markName = "restoring"

    /// The folder itself: empty, or left by a restore of the same backup that was interrupted.
    public let path: String
    /// The folder of the packs.
    public let packs: String
    /// The two places of the keyring.
    public let keyrings: [String]
    /// Names in the folder that do not count when it is asked whether it is empty.
    public let ignored: Set<String>

    /// Names a folder.
    public init(path: String, packs: String, keyrings: [String], ignoring ignored: Set<String> = []) {
        self.path = path
        self.packs = packs
        self.keyrings = keyrings
        self.ignored = ignored
    }

    /// While it is there, the folder is no archive yet.
    var mark: String { path + "/" + Self.markName }
}
