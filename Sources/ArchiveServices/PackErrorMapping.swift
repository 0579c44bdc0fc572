import PackStorage

extension ArchiveError {
    /// A pack store's failure as a service tells it.
    init(_ error: PackError) {
        switch error.code {
        case .noSpace:
            self.init(.noSpace, "The volume of the archive is full: free some space")
        case .packNotFound, .malformedPack, .keyNotFound, .keyRemoved, .sealBroken, .unsupportedVersion,
            .rangeOutOfBounds:
            self.init(.damaged, "Stored bytes cannot be opened (\(error)): run `cassette verify`")
        case .frozen:
            self.init(.frozen, "The object lies in cold storage: fetch its study with `cassette tiers prefetch`")
        case .volumeSuspect:
            self.init(.unavailable, "The volume failed twice within an hour and takes nothing new: check its disk")
        case .disk, .store, .keyring, .rangeTooLong, .recordTooLong, .wrongOrder, .abandoned, .cancelled,
            .placesUnknown, .noVerifiedPlace, .unknownStore, .stillOpen:
            self.init(.unavailable, "Storage failed (\(error)): see the server's log")
        }
    }
}
