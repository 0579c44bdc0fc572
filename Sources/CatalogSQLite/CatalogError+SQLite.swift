import ArchiveCatalog
import GRDB

extension CatalogError {
    /// The failure of an open database; its texts may quote statements but never values, and are left out all the same.
    init(_ error: any Error) {
        switch error {
        case let error as CatalogError: self = error
        case is CancellationError: self = .cancelledTask
        case let error as DatabaseError: self.init(error.extendedResultCode)
        default: self.init(.failed, "An unexpected failure of the kind \(type(of: error))")
        }
    }

    /// A failure while the database was being opened.
    init(opening error: any Error) {
        guard let error = error as? DatabaseError else {
            self.init(error)
            return
        }
        self.init(
            .cannotOpen,
            "SQLite result \(error.extendedResultCode.rawValue): the key is another one, the file is no index of ours "
                + "or damaged, or the folder is missing or locked; check the key and the folder, "
                + "else run `cassette index rebuild`"
        )
    }

    private init(_ code: ResultCode) {
        let result = "SQLite result \(code.rawValue)"
        switch code.primaryResultCode {
        case .SQLITE_INTERRUPT, .SQLITE_ABORT:
            self = .cancelledTask
        case .SQLITE_FULL:
            self.init(.noSpace, "\(result): free space on the volume of the index")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self.init(.damaged, "\(result): \(Self.rebuildAdvice)")
        // SQLITE_IOERR_DATA (10 | 32 << 8): what the sealed file system answers for a page whose tag is wrong.
        case .SQLITE_IOERR where code.rawValue == 8_202:
            self.init(.damaged, "\(result): \(Self.rebuildAdvice)")
        default:
            self.init(.failed, "\(result): look at the volume of the index")
        }
    }

    private static let rebuildAdvice = "stop the archive and run `cassette index rebuild`"

    /// The answer to a cancelled task.
    static let cancelledTask = CatalogError(.cancelled, "The task that asked was cancelled")
    /// The answer to a query over its limit.
    static let outOfTime = CatalogError(.timedOut, "The query took longer than `limits.query.duration`; narrow it")
}
