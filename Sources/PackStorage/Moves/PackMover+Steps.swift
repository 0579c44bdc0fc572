import Logging
import Metrics
import NIOCore
import Platform

extension PackMover {
    /// Checks every tag of a pack in the data folder, computes its digest, and puts its first row in.
    ///
    /// The digest is for life, so it must not be that of damaged bytes.
    func register(_ pack: PackID) async throws(PackError) {
        guard let length = try await sealedLength(pack) else {
            throw PackError(try await packs.isOpen(pack) ? .stillOpen : .packNotFound, packID: pack)
        }
        let before = try await digest(pack, in: .hot, length: length)
        try await packs.verifyWhole(pack)
        let now = packs.clock.now()
        try await tiers.places.set(
            PackPlace(
                packID: pack,
                store: .hot,
                state: .verified,
                size: length,
                sha256: before,
                verified: now,
                changed: now
            )
        )
    }

    /// Puts the bytes of a pack into a store, from the first place that gives the right ones.
    func copy(_ pack: PackID, to store: StoreName, _ places: [PackPlace]) async throws(PackError) {
        guard let target = places.first(where: { $0.store == store }) else { return }
        // A pack counts as being in a store only when its key does.
        if let named = tiers.store(store) { try await keyring?.bring(to: named) }
        var failures: [PackError] = []
        let order = [StoreName.hot] + tiers.stores.map(\.name)
        for source in order where source != store {
            guard let place = places.first(where: { $0.store == source && $0.state.isReadable }) else { continue }
            do throws(PackError) {
                try await put(pack, from: place, to: store)
                // What is announced before anybody has computed the digest has none.
                var verified = target.verified(at: packs.clock.now())
                (verified.size, verified.sha256) = (place.size, place.sha256)
                try await tiers.places.set(verified)
                Counter(label: "cassette_packs_copied_total", dimensions: [("store", store.text)]).increment()
                Counter(label: "cassette_moved_bytes_total", dimensions: [("store", store.text)])
                    .increment(by: Int64(clamping: place.size))
                return
            } catch {
                guard error.mayComeFromAnother else { throw error }
                failures.append(error)
            }
        }
        throw failures.first { $0.code == .frozen } ?? failures.first ?? PackError(.noVerifiedPlace, packID: pack)
    }

    /// Relies again on a place that was to go, once it is verified; one that is not right is given up for good.
    func keep(_ pack: PackID, _ store: StoreName, _ places: [PackPlace]) async throws(PackError) {
        guard let place = places.first(where: { $0.store == store }) else { return }
        let now = packs.clock.now()
        if try await isRight(place) { return try await tiers.places.set(place.verified(at: now)) }
        damaged(place)
        for other in places where other.state == .verified {
            guard try await isRight(other) else { continue }
            return try await tiers.places.set([
                place.changed(to: .removing, at: now), other.verified(at: now),
            ])
        }
        // Damaged bytes are better than none: nothing is removed.
        throw PackError(.noVerifiedPlace, packID: pack)
    }

    /// Verifies the places that stay once more, and then gives one up.
    ///
    /// When one of them is not right any more, the place that was to go is relied on again, and the other is made anew.
    func confirm(_ pack: PackID, _ store: StoreName, _ places: [PackPlace]) async throws(PackError) {
        guard let going = places.first(where: { $0.store == store }) else { return }
        let now = packs.clock.now()
        var right: [PackPlace] = []
        for place in places where place.state == .verified {
            guard try await isRight(place) else {
                damaged(place)
                guard try await isRight(going) else { throw PackError(.noVerifiedPlace, packID: pack) }
                try await tiers.places.set([going.verified(at: now), place.changed(to: .copying, at: now)])
                throw PackError(.store(.corrupt), packID: pack)
            }
            right.append(place.verified(at: now))
        }
        guard !right.isEmpty else { throw PackError(.noVerifiedPlace, packID: pack) }
        try await tiers.places.set(right + [going.changed(to: .removing, at: now)])
    }

    /// Verifies right before the bytes of the data folder go that another place has them: the rows may be older than the
    /// stores, when the registry was put back from a backup.
    func confirmRemoval(_ pack: PackID, _ places: [PackPlace]) async throws(PackError) {
        var failure: PackError?
        var wrong: [PackPlace] = []
        for place in places where place.store != .hot && place.state.isReadable {
            do throws(PackError) {
                if try await isRight(place) { return }
                damaged(place)
                wrong.append(place)
            } catch {
                guard error.code != .cancelled else { throw error }
                failure = error
            }
        }
        if let failure { throw failure }
        let now = packs.clock.now()
        if let hot = places.first(where: { $0.store == .hot }), try await isRight(hot) {
            try await tiers.places.set([hot.verified(at: now)] + wrong.map { $0.changed(to: .copying, at: now) })
        }
        throw PackError(.noVerifiedPlace, packID: pack)
    }

    /// Verifies a place, and makes one anew that is not right any more when another one is.
    ///
    /// - Parameters:
    ///   - readsAll: Whether the bytes are read even where the store keeps their digest.
    ///   - pace: Called after each piece that was read.
    /// - Returns: Whether it was right.
    public func verify(
        _ pack: PackID,
        in name: StoreName,
        readsAll: Bool = false,
        pace: PiecePace? = nil
    ) async throws(PackError) -> Bool {
        await gate.enter(pack)
        defer { gate.leave(pack) }
        let places = try await tiers.places.places(of: pack)
        guard let place = places.first(where: { $0.store == name && $0.state == .verified }) else {
            throw PackError(.packNotFound, packID: pack)
        }
        let now = packs.clock.now()
        if try await isRight(place, readsAll: readsAll, pace: pace) {
            try await tiers.places.set(place.verified(at: now))
            return true
        }
        damaged(place)
        for other in places where other.store != name && other.state.isReadable {
            guard try await isRight(other, readsAll: readsAll) else { continue }
            let changed = [other.verified(at: now), place.changed(to: .copying, at: now)]
            try await tiers.places.set(changed)
            try await copy(pack, to: name, changed)
            return false
        }
        throw PackError(.noVerifiedPlace, packID: pack)
    }

    /// Compares a pack in a store with what it must be.
    ///
    /// - Parameters:
    ///   - readsAll: Whether the bytes are read even where the store keeps their digest.
    ///   - pace: Called after each piece that was read.
    /// - Throws: `.store`, `.frozen` when the store cannot tell now.
    public func isRight(
        _ place: PackPlace,
        readsAll: Bool = false,
        pace: PiecePace? = nil
    ) async throws(PackError) -> Bool {
        let store = try store(place.store, place.packID)
        do throws(BlobStoreError) {
            guard let status = try await store.status(place.packID.blobKey(in: place.store)) else { return false }
            guard status.size == place.size else { return false }
            if let sha256 = status.sha256, !readsAll || !status.availability.isReadable {
                return sha256 == place.sha256
            }
        } catch {
            throw PackError(error, packID: place.packID)
        }
        do throws(PackError) {
            return try await digest(place.packID, in: place.store, length: place.size, pace: pace) == place.sha256
        } catch {
            guard error.code == .packNotFound else { throw error }
            return false
        }
    }

    /// Removes the bytes of a pack from a store, durably; ones that are not there are fine.
    func deleteBytes(_ pack: PackID, in name: StoreName) async throws(PackError) {
        let store = try store(name, pack)
        do throws(BlobStoreError) {
            try await store.delete(pack.blobKey(in: name))
        } catch {
            throw PackError(error, packID: pack)
        }
        if name == .hot { packs.files.forget(pack) } else { await tiers.cache?.forget(pack) }
    }

    /// The blobs of a store.
    func store(_ name: StoreName, _ pack: PackID) throws(PackError) -> any BlobStore {
        if name == .hot { return packs.files.sealedPacks }
        guard let named = tiers.store(name) else { throw PackError(.unknownStore, packID: pack) }
        return named.store
    }

    private func put(_ pack: PackID, from place: PackPlace, to name: StoreName) async throws(PackError) {
        let source = try store(place.store, pack)
        let target = try store(name, pack)
        let key = pack.blobKey(in: name)
        do throws(BlobStoreError) {
            // Asked first: inside of a copy a frozen source could not be told from a broken one.
            guard let status = try await source.status(pack.blobKey(in: place.store)) else {
                throw BlobStoreError(.notFound, "a place of the pack is empty")
            }
            guard status.availability.isReadable else { throw BlobStoreError(.frozen, "the pack must be thawed") }
            let (traffic, sourceKey) = (packs.traffic, pack.blobKey(in: place.store))
            let blob = BlobSource(length: place.size, sha256: place.sha256) { range throws(BlobStoreError) in
                try await traffic.background { () throws(BlobStoreError) in
                    try await source.get(sourceKey, range: range)
                }
            }
            try await putAnew(key, blob, target, name, place)
            guard let stored = try await target.status(key), stored.size == place.size,
                stored.sha256 ?? place.sha256 == place.sha256
            else { throw BlobStoreError(.corrupt, "the store does not have what was put there") }
        } catch {
            throw PackError(error, packID: pack)
        }
    }

    /// Puts a blob; one that an earlier attempt has left is taken when it is right, else replaced.
    private func putAnew(
        _ key: BlobKey,
        _ blob: BlobSource,
        _ target: any BlobStore,
        _ name: StoreName,
        _ place: PackPlace
    ) async throws(BlobStoreError) {
        do throws(BlobStoreError) {
            return try await target.put(key, blob)
        } catch {
            guard error.code == .exists else { throw error }
        }
        var there = place
        there.store = name
        do throws(PackError) {
            if try await isRight(there) { return }
        } catch {
            throw BlobStoreError(.unavailable, "the store cannot tell what it has: " + error.description)
        }
        // Nobody relies on it: the place is not verified.
        try await target.delete(key)
        if name == .hot { packs.files.forget(place.packID) } else { await tiers.cache?.forget(place.packID) }
        try await target.put(key, blob)
    }

    private func sealedLength(_ pack: PackID) async throws(PackError) -> UInt64? {
        do throws(BlobStoreError) {
            return try await packs.files.sealedPacks.status(pack.blobKey)?.size
        } catch {
            throw PackError(error, packID: pack)
        }
    }

    /// The SHA-256 of the first `length` bytes, or of fewer when there are no more.
    private func digest(
        _ pack: PackID,
        in name: StoreName,
        length: UInt64,
        pace: PiecePace? = nil
    ) async throws(PackError) -> [UInt8] {
        let store = try store(name, pack)
        let step = name == .hot || tiers.store(name)?.isLocal == true ? BlobStoreLimits.chunkLength : Self.pieceLength
        var hash = BlobDigest()
        var offset: UInt64 = 0
        while offset < length {
            let begin = ContinuousClock.now
            let bytes: ByteBuffer
            do throws(BlobStoreError) {
                bytes = try await store.get(pack.blobKey(in: name), range: offset..<min(length, offset + step))
            } catch {
                throw PackError(error, packID: pack, offset: offset)
            }
            guard bytes.readableBytes > 0 else { break }
            let before = hash
            hash = await packs.pool.runToEnd {
                var hash = before
                hash.update(bytes)
                return hash
            }
            offset += UInt64(bytes.readableBytes)
            if let pace {
                await pace(UInt64(bytes.readableBytes), .now - begin)
            } else {
                await packs.traffic.giveWay(after: .now - begin)
            }
        }
        return hash.value
    }

    /// Bytes that are read at once from a store on the network.
    private static var pieceLength: UInt64 { 8 * 1_024 * 1_024 }

    private func damaged(_ place: PackPlace) {
        Counter(label: "cassette_damaged_places_total").increment()
        packs.logger.error(
            "a place of a pack does not hold the right bytes any more",
            metadata: [LogKeys.packID: "\(place.packID.hex)", "store": "\(place.store)"]
        )
    }
}

extension PackError {
    /// Whether another place of the pack may do as the source of a copy.
    fileprivate var mayComeFromAnother: Bool {
        switch code {
        case .frozen, .packNotFound, .store(.corrupt), .store(.bodyFailed), .store(.notFound): true
        default: false
        }
    }
}
