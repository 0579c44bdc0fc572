import ArchiveCatalog

extension ArchiveError {
    /// The registry's failure as a service tells it.
    init(_ error: RegistryError) {
        switch error.code {
        case .noSpace: self.init(.noSpace, error.description)
        case .damaged: self.init(.damaged, error.description)
        case .conflict: self.init(.badRequest, error.description)
        case .cannotOpen, .newer, .failed, .cancelled: self.init(.unavailable, error.description)
        }
    }
}
