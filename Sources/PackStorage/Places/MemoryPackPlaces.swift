import Synchronization

/// Places in memory: for tests, and for an archive without a registry.
public final class MemoryPackPlaces: PackPlaces {
    private struct Key: Hashable {
        let pack: PackID
        let store: StoreName
    }

    private let rows = Mutex<[Key: PackPlace]>([:])

    /// Makes an empty list.
    public init() {}

    /// All rows, by pack and store.
    public var all: [PackPlace] {
        rows.withLock { Array($0.values) }.sorted { ($0.packID, $0.store) < ($1.packID, $1.store) }
    }

    /// All rows of a pack, by store.
    public func places(of pack: PackID) async throws(PackError) -> [PackPlace] {
        rows.withLock { $0.values.filter { $0.packID == pack } }.sorted { $0.store < $1.store }
    }

    /// Rows of a store in one state, by pack, beginning behind `pack`.
    public func places(
        in store: StoreName,
        state: PackPlaceState,
        after pack: PackID?,
        limit: Int
    ) async throws(PackError) -> [PackPlace] {
        let found = rows.withLock { rows in
            rows.values.filter { place in
                place.store == store && place.state == state && pack.map { $0 < place.packID } ?? true
            }
        }
        return Array(found.sorted { $0.packID < $1.packID }.prefix(limit))
    }

    /// Puts rows in, or in the place of those of the same pack and store.
    public func set(_ places: [PackPlace]) async throws(PackError) {
        rows.withLock { rows in
            for place in places { rows[Key(pack: place.packID, store: place.store)] = place }
        }
    }

    /// Takes a row out.
    public func remove(_ pack: PackID, from store: StoreName) async throws(PackError) {
        _ = rows.withLock { $0.removeValue(forKey: Key(pack: pack, store: store)) }
    }

    /// How many packs and bytes a store holds in each state.
    public func totals(of store: StoreName) async throws(PackError) -> [PackPlaceTotal] {
        let rows = rows.withLock { rows in rows.values.filter { $0.store == store } }
        return PackPlaceState.allCases.compactMap { state in
            let places = rows.filter { $0.state == state }
            guard !places.isEmpty else { return nil }
            let bytes = places.reduce(UInt64(0)) { $0 &+ $1.size }
            return PackPlaceTotal(state: state, packCount: places.count, byteCount: bytes)
        }
    }
}
