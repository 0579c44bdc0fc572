/// A store of packs besides the data folder, as the configuration names it.
public struct NamedBlobStore: Sendable {
    /// Its name.
    public let name: StoreName
    /// The blobs.
    public let store: any BlobStore
    /// Whether its bytes come from a disk of this machine: such a store is asked first, and nothing of it is cached.
    public let isLocal: Bool
    /// Whether it answers, as far as is known without asking it over a network.
    public let answers: @Sendable () async -> Bool

    /// Names a store.
    public init(
        _ name: StoreName,
        _ store: any BlobStore,
        isLocal: Bool,
        answers: @escaping @Sendable () async -> Bool = { true }
    ) {
        self.answers = answers
        self.name = name
        self.store = store
        self.isLocal = isLocal
    }
}

/// All stores besides the data folder, and what lies in them.
public struct PackTiers: Sendable {
    /// Where packs lie.
    public let places: any PackPlaces
    /// The stores, those of this machine first.
    public let stores: [NamedBlobStore]
    /// Pieces of remote packs on the hot volume; `nil` for none.
    public let cache: PackCache?
    /// A folder for packs that are walked through; what it holds is worth nothing.
    let walkDirectory: String

    /// Puts them together.
    ///
    /// - Parameter stores: None of them is named ``StoreName/hot``, and no name comes twice.
    /// - Parameter walkDirectory: A folder of its own on the hot volume, for one pack at a time.
    public init(
        places: any PackPlaces,
        stores: [NamedBlobStore],
        cache: PackCache?,
        walkDirectory: String
    ) {
        precondition(
            Set(stores.map(\.name)).count == stores.count && !stores.contains { $0.name == .hot },
            "each store has a name of its own, and hot is the data folder's"
        )
        self.places = places
        self.stores = stores.filter(\.isLocal) + stores.filter { !$0.isLocal }
        self.cache = cache
        self.walkDirectory = walkDirectory
    }

    /// The store of that name; `nil` when the configuration does not name it, and for the data folder.
    public func store(_ name: StoreName) -> NamedBlobStore? {
        stores.first { $0.name == name }
    }

    /// Where a pack can be read besides the data folder, those of this machine first.
    func readable(_ pack: PackID) async throws(PackError) -> [PlacedPack] {
        let places = try await places.places(of: pack).filter { $0.state.isReadable }
        return stores.compactMap { named in
            guard let place = places.first(where: { $0.store == named.name }) else { return nil }
            return placed(place, in: named)
        }
    }

    /// A pack in one of the stores.
    func placed(_ place: PackPlace, in named: NamedBlobStore) -> PlacedPack {
        PlacedPack(
            id: place.packID,
            length: place.size,
            name: named.name,
            store: named.store,
            isNear: named.isLocal,
            cache: named.isLocal ? nil : cache
        )
    }
}
