import Platform

/// The one folder that holds an archive, and the names in it.
struct DataFolder: Sendable {
    /// The folder, absolute.
    let path: String

    var packs: String { path + "/packs" }
    /// The first copy of the keyring.
    var keyrings: [String] { [path + "/keyring", path + "/keyring-mirror"] }
    var index: String { path + "/index.sqlite" }
    var registry: String { path + "/registry.sqlite" }
    /// Pieces of packs of other stores; may be removed while no server runs.
    var packCache: String { path + "/pack-cache" }
    /// Where a pack of another store lies while it is walked through.
    var packWalk: String { path + "/pack-walk" }
    /// Lists of what exports have sent: pseudonyms and new UIDs.
    var exports: String { path + "/exports" }
    var adminToken: String { path + "/admin-token" }
    /// Opens the metrics, and nothing else.
    var metricsToken: String { path + "/metrics-token" }
    /// There as long as the volume of the folder is mounted.
    var volumeMark: String { path + "/volume" }
    var lock: String { path + "/lock" }
    var applicationEntities: String { path + "/application-entities" }
    /// The root key lies beside the data folder: a copy of the folder opens nothing.
    var defaultRootKey: String { path + ".keys/root.key" }

    /// Takes a path as typed; a relative one counts from the working directory.
    init(_ typed: String, workingDirectory: String) {
        var path = typed.hasPrefix("/") ? typed : workingDirectory + "/" + typed
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
    }
}
