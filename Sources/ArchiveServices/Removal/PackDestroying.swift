public import PackStorage

/// Removes packs from every place where they lie.
public protocol PackDestroying: Sendable {
    /// Removes a pack from everywhere; returns when every store has confirmed it.
    ///
    /// May be repeated after any outcome.
    func destroy(_ pack: PackID) async throws(PackError)
}

extension PackMover: PackDestroying {}

/// Removes packs of an archive that has no store but its data folder.
public struct LocalPacks: PackDestroying {
    private let packs: PackStore

    /// Takes the packs of a data folder.
    public init(_ packs: PackStore) {
        self.packs = packs
    }

    /// Removes a pack from the data folder.
    public func destroy(_ pack: PackID) async throws(PackError) {
        try await packs.removeHere(pack)
    }
}
