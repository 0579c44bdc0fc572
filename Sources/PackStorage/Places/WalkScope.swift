/// Which packs a walk goes over.
public enum WalkScope: Sendable, Hashable {
    /// Those of the data folder.
    case dataFolder
    /// Those that lie elsewhere only, too; each of them is fetched as a whole.
    case everywhere
    /// The same, and packs of other stores that have no row get one: after the loss of the registry.
    case everywhereAdopting
}
