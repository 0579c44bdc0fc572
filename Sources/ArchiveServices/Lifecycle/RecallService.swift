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
    /// How long a pack that was found readable is taken for it, and a frozen one for that.
    private static let memory: Duration = .seconds(30)
    private static let memoryLimit = 16_384

    private let policy: AccessPolicy
    private let catalog: CurrentCatalog
    private let jobs: JobRunner
    private let mover: any PackMoving
    private let places: any PackPlaces
    private let stores: [StoreName: StoreDescription]
    private let clock: any WallClock
    /// How soon a reader should ask again.
    private let retryAfter: Duration
    /// When packs were found readable.
    private let readable = Mutex<[PackID: Timestamp]>([:])

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
    /// All readers of a study join in one recall. Costs nothing where no store freezes packs.
    ///
    /// - Throws: `.frozen` with the recall to ask for.
    func requireReadable(_ pack: PackID, of study: UID, as principal: Principal) async throws(ArchiveError) {
        guard mayFreeze, try await !isReadable(pack) else { return }
        let order = RecallJob.Order(studies: [study], fetches: false)
        let job = try await jobs.enqueue(RecallJob.identifier, parameters: order.bytes, for: principal.name)
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
        return try await jobs.enqueue(RecallJob.identifier, parameters: order.bytes, for: principal.name)
    }

    /// How far a recall is; readers may ask, not only administrators.
    public func recall(_ id: RandomID, as principal: Principal) async throws(ArchiveError) -> JobRecord {
        try authorize(principal)
        let job = jobs.current(try await jobs.stored(id))
        guard job.kind == RecallJob.identifier else { throw ArchiveError(.notFound, "There is no such recall") }
        return job
    }

    /// Instance Availability of a pack, from where it lies.
    func availability(of pack: PackID) async throws(ArchiveError) -> InstanceAvailability {
        if isKnownReadable(pack) { return .online }
        let found: [PackPlace]
        do throws(PackError) {
            found = try await places.places(of: pack)
        } catch {
            throw ArchiveError(error)
        }
        guard !found.isEmpty else { return .online }
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

    private func isReadable(_ pack: PackID) async throws(ArchiveError) -> Bool {
        if isKnownReadable(pack) { return true }
        let found: [PackPlace]
        do throws(PackError) {
            found = try await places.places(of: pack).filter(\.state.isReadable)
        } catch {
            throw ArchiveError(error)
        }
        let isAtHand = found.isEmpty || found.contains { $0.store == .hot || stores[$0.store]?.mayFreeze == false }
        if !isAtHand {
            do {
                switch try await mover.availability(of: pack) {
                case .readable: break
                case .frozen, .thawing: return false
                // The read itself tells what is wrong.
                case .unreachable: return true
                }
            } catch {
                return true
            }
        }
        remember(pack)
        return true
    }

    private func isKnownReadable(_ pack: PackID) -> Bool {
        let now = clock.now()
        return readable.withLock { known in
            known[pack].map { $0 <= now && now < $0.advanced(by: Self.memory) } ?? false
        }
    }

    private func remember(_ pack: PackID) {
        let now = clock.now()
        readable.withLock { known in
            if known.count >= Self.memoryLimit { known.removeAll(keepingCapacity: true) }
            known[pack] = now
        }
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
