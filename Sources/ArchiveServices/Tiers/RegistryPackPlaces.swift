public import ArchiveCatalog
public import PackStorage
import Platform

/// The places of packs, kept in the registry.
public struct RegistryPackPlaces: PackPlaces {
    private let registry: any PlaceRegistry

    /// Keeps places in that registry.
    public init(_ registry: any PlaceRegistry) {
        self.registry = registry
    }

    /// All rows of a pack, by store.
    public func places(of pack: PackID) async throws(PackError) -> [PackPlace] {
        do throws(RegistryError) {
            return try await registry.packPlaces(of: pack.rawValue).map { row throws(RegistryError) in
                try PackPlace(row)
            }
        } catch {
            throw PackError(error, pack)
        }
    }

    /// Rows of a store in one state, by pack, beginning behind `pack`.
    public func places(
        in store: StoreName,
        state: PackPlaceState,
        after pack: PackID?,
        limit: Int
    ) async throws(PackError) -> [PackPlace] {
        do throws(RegistryError) {
            return try await registry.packPlaces(
                in: store.text,
                state: state.rawValue,
                after: pack?.rawValue,
                limit: limit
            ).map { row throws(RegistryError) in try PackPlace(row) }
        } catch {
            throw PackError(error, pack)
        }
    }

    /// Puts rows in, or in the place of those of the same pack and store; all of them or none.
    public func set(_ places: [PackPlace]) async throws(PackError) {
        do throws(RegistryError) {
            try await registry.setPackPlaces(places.map { PackPlaceRow($0) })
        } catch {
            throw PackError(error, places.first?.packID)
        }
    }

    /// Takes a row out; one that is not there is fine.
    public func remove(_ pack: PackID, from store: StoreName) async throws(PackError) {
        do throws(RegistryError) {
            try await registry.removePackPlace(pack.rawValue, from: store.text)
        } catch {
            throw PackError(error, pack)
        }
    }

    /// How many packs and bytes a store holds in each state.
    public func totals(of store: StoreName) async throws(PackError) -> [PackPlaceTotal] {
        do throws(RegistryError) {
            return try await registry.packPlaceTotals(of: store.text).compactMap { total in
                PackPlaceState(rawValue: total.state).map { state in
                    PackPlaceTotal(state: state, packCount: total.count, byteCount: total.byteCount)
                }
            }
        } catch {
            throw PackError(error, nil)
        }
    }
}

extension PackError {
    /// A failure of the registry; services hear of it when they ask again, the log has the cause.
    fileprivate init(_ error: RegistryError, _ pack: PackID?) {
        switch error.code {
        case .cancelled: self.init(.cancelled, packID: pack)
        case .noSpace: self.init(.noSpace, packID: pack)
        case .cannotOpen, .newer, .damaged, .conflict, .failed: self.init(.placesUnknown, packID: pack)
        }
    }
}

extension PackPlace {
    fileprivate init(_ row: PackPlaceRow) throws(RegistryError) {
        guard let store = StoreName(row.store), let state = PackPlaceState(rawValue: row.state) else {
            throw RegistryError(.damaged, "A place of a pack makes no sense: restore registry.sqlite from a backup")
        }
        self.init(
            packID: PackID(row.pack),
            store: store,
            state: state,
            size: row.size,
            sha256: row.sha256,
            verified: row.verified,
            changed: row.changed
        )
    }
}

extension PackPlaceRow {
    fileprivate init(_ place: PackPlace) {
        self.init(
            pack: place.packID.rawValue,
            store: place.store.text,
            state: place.state.rawValue,
            size: place.size,
            sha256: place.sha256,
            verified: place.verified,
            changed: place.changed
        )
    }
}
