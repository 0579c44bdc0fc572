public import AccessControl
public import ArchiveCatalog
public import DICOMCore
import Logging
import PackStorage
public import Platform
import Synchronization

/// Tells readers whether bytes can be read now, and brings back those that cannot.
public final class RecallService: Sendable {
    /// Studies of one list.
    public static let studyLimit = 10_000
    /// How long it is taken for granted how a readable pack stands.
    private static let memory: Duration = .seconds(30)
    private static let memoryLimit = 16_384

    private let policy: AccessPolicy
    private let catalog: CurrentCatalog
    /// The archive holds it, and its jobs hold what reads, which holds this: weak, so that an archive can be let go of.
    private weak let jobs: JobRunner?
    private let mover: any PackMoving
    private let places: any PackPlaces
    private let stores: [StoreName: StoreDescription]
    private let clock: any WallClock
    /// How soon a reader should ask again.
    private let retryAfter: Duration
    /// How readable packs stood.
    private let standings = Mutex<[PackID: Standing]>([:])

    /// How a pack that can be read stood at some time.
    private struct Standing {
        let time: Timestamp
        /// Whether it lies in another store than the data folder only.
        let isElsewhere: Bool
    }

    init(
        policy: AccessPolicy,
        catalog: CurrentCatalog,
        jobs: JobRunner,
        setup: LifecycleSetup,
        clock: any WallClock,
        logger: Logger
    ) {
        self.policy = policy
        self.catalog = catalog
        self.jobs = jobs
        mover = setup.mover
        places = setup.places
        stores = Dictionary(setup.stores.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        retryAfter = max(.seconds(1), setup.recallInterval)
        self.clock = clock
        jobs.add(
            RecallJob(catalog: catalog, mover: setup.mover, pollInterval: setup.recallInterval, logger: logger)
        )
    }

    /// Lets a reader go on, or begins to bring the study back and tells so.
    ///
    /// All readers of a study join in one recall. Costs nothing where there are no other stores.
    ///
    /// - Returns: Whether the pack lies in another store than the data folder only.
    /// - Throws: `.frozen` with the recall to ask for.
    @discardableResult
    func requireReadable(_ pack: PackID, of study: UID, as principal: Principal) async throws(ArchiveError) -> Bool {
        guard !stores.isEmpty else { return false }
        if let standing = try await standing(of: pack) { return standing.isElsewhere }
        let order = RecallJob.Order(studies: [study], fetches: false)
        let job = try await runner().enqueue(RecallJob.identifier, parameters: order.bytes, for: principal.name)
        throw ArchiveError(
            recall: RecallReference(id: job.id, retryAfter: retryAfter),
            "The object lies in cold storage and is being brought back: ask again later"
        )
    }

    /// Brings studies back and into the cache before anybody reads them.
    ///
    /// - Throws: `.badRequest` for no study or more than ``studyLimit``; `.denied`, `.unavailable`.
    public func prefetch(_ studies: [UID], as principal: Principal) async throws(ArchiveError) -> JobRecord {
        try authorize(principal)
        guard !studies.isEmpty else { throw ArchiveError(.badRequest, "The list names no study") }
        guard studies.count <= Self.studyLimit else {
            throw ArchiveError(.badRequest, "The list names more than \(Self.studyLimit) studies: send it in parts")
        }
        var seen: Set<UID> = []
        let order = RecallJob.Order(studies: studies.filter { seen.insert($0).inserted }, fetches: true)
        return try await runner().enqueue(RecallJob.identifier, parameters: order.bytes, for: principal.name)
    }

    /// How far a recall is; readers may ask, not only administrators.
    public func recall(_ id: RandomID, as principal: Principal) async throws(ArchiveError) -> JobRecord {
        try authorize(principal)
        let jobs = try runner()
        let job = jobs.current(try await jobs.stored(id))
        guard job.kind == RecallJob.identifier else { throw ArchiveError(.notFound, "There is no such recall") }
        return job
    }

    /// Instance Availability of a pack, from where it lies.
    func availability(of pack: PackID) async throws(ArchiveError) -> InstanceAvailability {
        let found: [PackPlace]
        do throws(PackError) {
            found = try await places.places(of: pack)
        } catch {
            throw ArchiveError(error)
        }
        // A pack that only waits to be copied lies in the data folder.
        guard found.contains(where: { $0.state != .copying }) else { return .online }
        return found.filter(\.state.isReadable).map(availability).min() ?? .offline
    }

    /// Whether a pack may have to be thawed before it can be read.
    var mayFreeze: Bool { stores.values.contains { $0.mayFreeze } }

    /// Whether objects may lie anywhere that is not at once at hand.
    var mayBeFar: Bool { stores.values.contains { $0.availability != .online } }

    /// A store that the configuration does not name any more is out of reach until somebody puts it back.
    private func availability(_ place: PackPlace) -> InstanceAvailability {
        place.store == .hot ? .online : stores[place.store]?.availability ?? .offline
    }

    /// How a pack stands; `nil` for one that is frozen.
    private func standing(of pack: PackID) async throws(ArchiveError) -> Standing? {
        if let known = known(pack) { return known }
        let found: [PackPlace]
        do throws(PackError) {
            found = try await places.places(of: pack).filter(\.state.isReadable)
        } catch {
            throw ArchiveError(error)
        }
        let isElsewhere = !found.isEmpty && !found.contains { $0.store == .hot }
        if isElsewhere, !found.contains(where: { stores[$0.store]?.mayFreeze == false }), try await isFrozen(pack) {
            return nil
        }
        let standing = Standing(time: clock.now(), isElsewhere: isElsewhere)
        standings.withLock { known in
            if known.count >= Self.memoryLimit { known.removeAll(keepingCapacity: true) }
            known[pack] = standing
        }
        return standing
    }

    private func isFrozen(_ pack: PackID) async throws(ArchiveError) -> Bool {
        do {
            switch try await mover.availability(of: pack) {
            case .frozen, .thawing: return true
            // The read itself tells what is wrong.
            case .readable, .unreachable: return false
            }
        } catch {
            return false
        }
    }

    private func known(_ pack: PackID) -> Standing? {
        let now = clock.now()
        return standings.withLock { known in
            known[pack].flatMap { $0.time <= now && now < $0.time.advanced(by: Self.memory) ? $0 : nil }
        }
    }

    private func runner() throws(ArchiveError) -> JobRunner {
        guard let jobs else { throw ArchiveError(.unavailable, "The archive is closed") }
        return jobs
    }

    private func authorize(_ principal: Principal) throws(ArchiveError) {
        guard policy.allows(.readPixels, for: principal) else {
            throw ArchiveError(.denied, "This caller may not read objects")
        }
    }
}

/// The recall that a reader waits for.
public struct RecallReference: Sendable, Hashable {
    /// Its name.
    public let id: RandomID
    /// How soon it is worth asking again.
    public let retryAfter: Duration

    /// Makes a reference.
    public init(id: RandomID, retryAfter: Duration) {
        self.id = id
        self.retryAfter = retryAfter
    }
}
