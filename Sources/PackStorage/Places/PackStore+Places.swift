import Logging
import Metrics
import NIOCore
import Platform
import Sealing

extension PackStore {
    /// How often a pack that is nowhere is looked for: between two looks it may have moved from the one place to the other.
    private static let looks = 3

    /// Reads from the data folder, and where else the pack lies when that fails.
    ///
    /// - Parameter onlyIfMissing: Whether only a pack that is missing in the data folder is read elsewhere; otherwise one that
    ///   is damaged there is, too.
    /// - Throws: What ``elsewhere(_:after:_:)`` throws.
    func wherever<Result: Sendable>(
        _ location: RecordLocation,
        onlyIfMissing: Bool = false,
        here: () async throws(PackError) -> Result,
        elsewhere body: (PlacedPack) async throws -> Result
    ) async throws(PackError) -> Result {
        var look = 1
        while true {
            do throws(PackError) {
                let failure: PackError
                do throws(PackError) {
                    return try await here()
                } catch {
                    failure = error
                }
                guard failure.code == .packNotFound || !onlyIfMissing else { throw failure }
                return try await elsewhere(location, after: failure, body)
            } catch {
                guard error.code == .packNotFound, tiers != nil, look < Self.looks else { throw error }
                look += 1
            }
        }
    }

    /// Tries the other places of a pack after the data folder has failed, one after the other, those of this machine first.
    ///
    /// - Throws: What is best to know: a failure that may pass, then that the pack is frozen, else the first one.
    private func elsewhere<Result: Sendable>(
        _ location: RecordLocation,
        after failure: PackError,
        _ body: (PlacedPack) async throws -> Result
    ) async throws(PackError) -> Result {
        guard let tiers, failure.mayBeBetterElsewhere else { throw failure }
        var failures = [failure]
        for pack in try await tiers.readable(location.packID) {
            do throws(PackError) {
                let result = try await read(location, from: pack, body)
                if failures.contains(where: \.tellsOfDamage) { report(location, failures, readFrom: pack.name) }
                return result
            } catch {
                guard error.mayBeBetterElsewhere || error.code == .frozen else { throw error }
                failures.append(error)
            }
        }
        if failures.contains(where: \.tellsOfDamage) { report(location, failures, readFrom: nil) }
        throw failures.mostUseful
    }

    /// Reads from one place; what the cache holds of it is given up when it does not open.
    private func read<Result: Sendable>(
        _ location: RecordLocation,
        from pack: PlacedPack,
        _ body: (PlacedPack) async throws -> Result
    ) async throws(PackError) -> Result {
        do {
            return try await body(pack)
        } catch {
            let failure = PackError(error, packID: location.packID, offset: location.offset)
            guard failure.tellsOfDamage, pack.cache != nil else { throw failure }
            await pack.cache?.forget(location.packID)
        }
        do {
            return try await body(pack.uncached)
        } catch {
            throw PackError(error, packID: location.packID, offset: location.offset)
        }
    }

    private func report(_ location: RecordLocation, _ failures: [PackError], readFrom store: StoreName?) {
        Counter(label: "cassette_damaged_places_total").increment()
        logger.error(
            "a place of a pack is damaged: run `cassette verify`",
            metadata: [
                LogKeys.packID: "\(location.packID.hex)", LogKeys.offset: "\(location.offset)",
                LogKeys.error: "\(failures.map(\.description).joined(separator: "; "))",
                "read_from": "\(store?.text ?? "nowhere")",
            ]
        )
    }

    /// Whether a pack is among the open ones.
    func isOpen(_ pack: PackID) async throws(PackError) -> Bool {
        let files = files
        return try await work { try files.disk.exists(files.openPath(pack)) }
    }

    /// Opens every segment of every record of a sealed pack of the data folder.
    ///
    /// - Throws: `.malformedPack` for a pack that is not whole from its first to its last byte; `.sealBroken`.
    public func verifyWhole(_ pack: PackID) async throws(PackError) {
        guard var walker = try await walker(pack, isOpen: false) else { throw PackError(.malformedPack, packID: pack) }
        while true {
            let (records, next) = try await batch(walker)
            walker = next
            for record in records { try await verifyHere(record.location, context: record.context) }
            if let obstacle = walker.obstacle {
                throw PackError(.malformedPack, packID: pack, offset: obstacle.offset)
            }
            if records.isEmpty { return }
        }
    }

    /// Whether and when a frozen pack can be read; `nil` when no store besides the data folder has it.
    ///
    /// Of several places the one that is readable soonest.
    public func availability(of pack: PackID) async throws(PackError) -> BlobAvailability? {
        guard let tiers else { return nil }
        var best: BlobAvailability?
        for placed in try await tiers.readable(pack) {
            let status: BlobStatus?
            do throws(BlobStoreError) {
                status = try await placed.store.status(pack.blobKey(in: placed.name))
            } catch {
                continue
            }
            guard let found = status?.availability else { continue }
            if best.map({ found.rank < $0.rank }) ?? true { best = found }
        }
        return best
    }

    /// Begins to thaw a pack in the first of its places that is frozen; one that is readable somewhere is left alone.
    ///
    /// - Returns: How the pack stands now; `nil` when no store besides the data folder has it.
    @discardableResult
    public func thaw(_ pack: PackID, days: Int) async throws(PackError) -> BlobAvailability? {
        guard let tiers, let known = try await availability(of: pack), known == .frozen else {
            return try await availability(of: pack)
        }
        var failure: BlobStoreError?
        for placed in try await tiers.readable(pack) {
            do throws(BlobStoreError) {
                try await placed.store.thaw(pack.blobKey(in: placed.name), days: days)
            } catch {
                failure = error
                continue
            }
            return try await availability(of: pack)
        }
        throw PackError(failure ?? BlobStoreError(.notFound, "no store has the pack"), packID: pack)
    }
}

extension BlobAvailability {
    /// The lower, the sooner bytes come.
    fileprivate var rank: Int {
        switch self {
        case .online: 0
        case .thawed: 1
        case .thawing: 2
        case .frozen: 3
        }
    }
}

extension PackError {
    /// Whether the cause lies in the place, so that another may have the bytes.
    fileprivate var mayBeBetterElsewhere: Bool {
        switch code {
        case .packNotFound, .disk, .store, .sealBroken, .malformedPack: true
        case .noSpace, .volumeSuspect, .unsupportedVersion, .keyNotFound, .keyRemoved, .keyring, .rangeOutOfBounds,
            .rangeTooLong,
            .recordTooLong, .wrongOrder, .abandoned, .cancelled, .placesUnknown, .frozen,
            .noVerifiedPlace, .unknownStore, .stillOpen:
            false
        }
    }

    /// Whether bytes were read that are not the stored ones.
    fileprivate var tellsOfDamage: Bool {
        switch code {
        case .sealBroken, .malformedPack, .store(.corrupt): true
        default: false
        }
    }
}

extension [PackError] {
    /// A failure that may pass before `.frozen`, before damage, before "not found".
    fileprivate var mostUseful: PackError {
        func rank(_ error: PackError) -> Int {
            switch error.code {
            case .store(.unavailable), .store(.denied), .store(.refused): 0
            case .frozen: 1
            case .packNotFound: 3
            default: 2
            }
        }
        return self.min { rank($0) < rank($1) } ?? PackError(.packNotFound)
    }
}
