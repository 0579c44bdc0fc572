public import PackStorage

/// Removes packs from every place where they lie.
public protocol PackDestroying: Sendable {
    /// Removes a pack from everywhere; returns when every store has confirmed it.
    ///
    /// May be repeated after any outcome.
    func destroy(_ pack: PackID) async throws(PackError)
    /// Brings a sealed pack into every store where one of the packs lies, or shall lie, that it stands for.
    ///
    /// May be repeated after any outcome.
    func carry(_ successor: PackID, asWidelyAs old: [PackID]) async throws(PackError)
    /// Whether a pack is known to be whole wherever another one lies, or shall lie, that it stands for; changes nothing.
    func isKept(_ successor: PackID, asWidelyAs old: PackID) async throws(PackError) -> Bool
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

    /// Nothing: all packs lie in the data folder.
    public func carry(_ successor: PackID, asWidelyAs old: [PackID]) async throws(PackError) {}

    /// Whether the data folder has it.
    public func isKept(_ successor: PackID, asWidelyAs old: PackID) async throws(PackError) -> Bool {
        try await packs.isSealed(successor)
    }
}
