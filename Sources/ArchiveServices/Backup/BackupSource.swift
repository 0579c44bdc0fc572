public import NIOCore

/// What a backup takes besides packs and rows, and where it finds it.
public struct BackupSource: Sendable {
    /// Which root key the keyring needs: told in plain text in each backup, and no secret.
    public var rootKey: String
    /// Reads the small files of the data folder that packs do not hold, each as it stands at one moment.
    public var files: @Sendable () async throws -> [(name: String, bytes: ByteBuffer)]

    /// Names the sources.
    public init(
        rootKey: String,
        files: @escaping @Sendable () async throws -> [(name: String, bytes: ByteBuffer)]
    ) {
        self.rootKey = rootKey
        self.files = files
    }
}
