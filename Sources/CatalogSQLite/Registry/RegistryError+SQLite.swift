import ArchiveCatalog
import GRDB

extension RegistryError {
    /// The failure of a database that is open, or was being opened.
    init(_ error: any Error) {
        switch error {
        case let error as RegistryError: self = error
        case is CancellationError: self.init(.cancelled, "The task that asked was cancelled")
        case let error as CatalogError: self.init(error)
        default: self.init(CatalogError(error))
        }
    }

    /// A failure while the database was being opened: a page that does not open may mean another key.
    init(opening error: any Error) {
        self = error is DatabaseError ? RegistryError(CatalogError(opening: error)) : RegistryError(error)
    }

    private init(_ error: CatalogError) {
        switch error.code {
        case .cancelled: self.init(.cancelled, "The task that asked was cancelled")
        case .noSpace: self.init(.noSpace, "Free space on the volume of the data folder")
        case .damaged: self = .damagedRow
        case .cannotOpen:
            self.init(
                .cannotOpen,
                "registry.sqlite does not open: the key is another one, or the file is damaged or no registry; "
                    + "check the keyring, else restore the file from a backup"
            )
        case .outdated, .failed, .timedOut:
            self.init(.failed, "SQLite could not work on registry.sqlite: look at its volume")
        }
    }

    /// A page or a row holds what was never written to it.
    static let damagedRow = RegistryError(
        .damaged,
        "registry.sqlite is damaged: stop the archive and restore the file from a backup"
    )
}
