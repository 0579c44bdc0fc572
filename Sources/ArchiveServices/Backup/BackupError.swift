public import PackStorage
public import Sealing

/// Why a backup was not made, listed, restored or pruned.
///
/// The text says what to look at or do; holds no key and nothing of a patient.
public struct BackupError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Sendable, Hashable {
        /// The store holds no backup, or none so old.
        case noBackup
        /// The store holds backups of another archive.
        case otherArchive
        /// Another backup or restore is at work there, or was interrupted.
        case busy
        /// The folder to restore into is not empty.
        case notEmpty
        /// What the store holds is not what was stored there.
        case damaged
        /// A later version of this program wrote it.
        case unsupportedVersion
        /// The root key of the backup is missing or another one.
        case rootKey(RootKeyError.Code)
        /// The keyring of the backup cannot be opened.
        case keyring
        /// The store failed.
        case store(BlobStoreError.Code)
        /// The disk failed.
        case disk
    }

    /// The kind of failure.
    public let code: Code
    /// What was wrong and what to do.
    public let description: String

    /// Makes an error.
    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// A failure of the store.
    init(_ error: BlobStoreError) {
        self.init(.store(error.code), "The store of the backups failed: \(error)")
    }

    /// Bytes that are not what was stored.
    static func damaged(_ what: String) -> BackupError {
        BackupError(.damaged, "\(what) is damaged or was changed; take another backup, and see `cassette backup list`")
    }
}

extension BlobStore {
    /// Runs work on the store, and turns its error into one of backups.
    func asking<Answer>(
        _ work: (Self) async throws(BlobStoreError) -> Answer
    ) async throws(BackupError) -> Answer {
        do throws(BlobStoreError) {
            return try await work(self)
        } catch {
            throw BackupError(error)
        }
    }
}
