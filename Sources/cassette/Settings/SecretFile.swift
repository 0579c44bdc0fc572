import NIOCore
import PackStorage
import Platform

/// Secrets from files that only their owner may read, or from the environment; never from the configuration itself.
struct SecretFile: Sendable {
    private static let lengthLimit = 4_096

    let path: String
    let disk: any Disk

    /// The lines of the file that hold something.
    ///
    /// - Throws: ``CommandFailure`` for a file that is missing, empty, or open to others; holds nothing of its text.
    func lines() throws -> [String] {
        do {
            guard try disk.exists(path) else { throw CommandFailure("The secret file \(path) does not exist: make it") }
            let permissions = try disk.permissions(path)
            guard permissions.isOwnedByThisUser, permissions.mode & 0o077 == 0 else {
                throw CommandFailure(
                    "The secret file \(path) must be the server's own, for its eyes only: chmod 600 \(path)"
                )
            }
            let file = try disk.open(path, .read)
            let bytes = try file.read(at: 0, count: Self.lengthLimit)
            try file.close()
            let lines = String(buffer: bytes).split(whereSeparator: \.isNewline).map { line in
                String(line.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
            }
            let filled = lines.filter { !$0.isEmpty }
            guard !filled.isEmpty else { throw CommandFailure("The secret file \(path) is empty") }
            return filled
        } catch let error as DiskError {
            throw CommandFailure("The secret file \(path) cannot be read: \(error)")
        }
    }

    /// A secret of a store in the environment: `CASSETTE_STORE_COLD_SECRET_ACCESS_KEY`.
    static func variable(_ store: StoreName, _ secret: String) -> String? {
        Environment["STORE_" + SettingSource.variable(store.text) + "_" + secret]
    }
}
