import NIOCore
import Platform
import Sealing

/// A file with one secret line in it: a PIN, a token, a passphrase.
struct SecretFile: Sendable {
    private static let lengthLimit = 64 << 10

    let path: String
    let disk: any Disk
    let pool: WorkPool

    /// The first line; refused when others may read the file.
    func read() async throws(RootKeyError) -> String {
        guard let line = try await readLines().first else {
            throw RootKeyError(.malformed, "the file " + path + " is empty")
        }
        return line
    }

    /// All lines that are not empty.
    func readLines() async throws(RootKeyError) -> [String] {
        do {
            return try await pool.run {
                guard try disk.exists(path) else { throw RootKeyError(.missing, "there is no file " + path) }
                let permissions = try disk.permissions(path)
                guard permissions.isOwnedByThisUser, permissions.mode & 0o077 == 0 else {
                    throw RootKeyError(
                        .insecurePermissions,
                        "the file " + path
                            + " must belong to the user that runs this program and be closed to all others; "
                            + "run: chmod 600 and chown"
                    )
                }
                let text = String(buffer: try disk.open(path, .read).read(at: 0, count: Self.lengthLimit))
                return text.split(whereSeparator: \.isNewline).map { String($0) }
            }
        } catch let error as RootKeyError {
            throw error
        } catch {
            throw RootKeyError(.unavailable, "the file " + path + " cannot be read: \(error)")
        }
    }
}
