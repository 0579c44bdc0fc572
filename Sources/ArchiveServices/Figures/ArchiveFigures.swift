public import AccessControl
import ArchiveCatalog
import Metrics
import PackStorage
import Platform

/// How the archive stands, as gauges for whoever watches it; holds nothing of a patient.
///
/// What happens is counted where it happens. What only stands somehow is looked up here each time that somebody asks.
public struct ArchiveFigures: Sendable {
    private let policy: AccessPolicy
    private let ingest: IngestService
    private let packs: PackStore
    private let catalog: CurrentCatalog
    private let verification: VerificationService
    private let scrubbing: ScrubService
    private let registry: any JobRegistry
    private let jobs: JobRunner
    private let setup: LifecycleSetup

    init(
        on base: ArchiveFoundation,
        ingest: IngestService,
        catalog: CurrentCatalog,
        verification: VerificationService,
        scrubbing: ScrubService,
        jobs: JobRunner,
        setup: LifecycleSetup
    ) {
        (policy, packs, registry) = (base.policy, base.packs, base.registry)
        (self.ingest, self.catalog, self.verification) = (ingest, catalog, verification)
        (self.scrubbing, self.jobs, self.setup) = (scrubbing, jobs, setup)
    }

    /// What each family means, by name.
    public static let meanings: [String: String] = [
        "cassette_damaged": "Damaged instances and packs that are known now: an alarm when above 0.",
        "cassette_quarantined_packs": "Damaged packs that were set aside when a good copy took their place.",
        "cassette_scrub_last_end_timestamp_seconds": "When the last pass of scrubbing ended; 0 before the first.",
        "cassette_scrub_last_damaged": "What the last pass found damaged and could not repair.",
        "cassette_scrub_last_unread": "What the last pass could not read: frozen, or in a store that did not answer.",
        "cassette_store_up": "Whether a store answers.",
        "cassette_store_packs": "Packs in a store by state.",
        "cassette_volume_free_bytes": "Free bytes of the volume of the data folder.",
        "cassette_volume_bytes": "Bytes of the volume of the data folder.",
        "cassette_volume_suspect": "Whether the volume failed twice within an hour.",
        "cassette_read_only": "Whether nothing new is stored now.",
        "cassette_jobs": "Jobs that have not ended, by kind and state.",
        "cassette_jobs_ended_total": "Jobs that ended, by kind and state.",
        "cassette_moved_bytes_total": "Bytes of packs that were copied into a store.",
        "cassette_admission_refusals_total": "Objects that were refused because nothing new is stored.",
        "cassette_ingest_objects_total": "Objects that arrived, by what became of them.",
        "cassette_ingest_bytes_total": "Bytes of objects that were stored.",
        "cassette_http_requests_total": "Requests by resource, method and status.",
        "cassette_http_request_seconds": "Time until the head of the answer.",
        "cassette_dimse_requests_total": "DIMSE requests by operation and status.",
        "cassette_door_visits": "Objects that are being stored or read now.",
        "cassette_instances": "Instances in the index.",
        "cassette_damaged_instances_total": "Damaged instances that were found, each time that one was.",
        "cassette_damaged_places_total": "Damaged copies of packs that were found.",
        "cassette_packs_abandoned_total": "Packs that were given up after a failed sync.",
    ]

    /// Sets all gauges.
    ///
    /// - Throws: `.denied`; `.unavailable` when the registry or the index does not answer.
    public func refresh(as principal: Principal) async throws(ArchiveError) {
        guard policy.allows(.monitor, for: principal) else {
            throw ArchiveError(.denied, "This caller may not read figures of the archive")
        }
        Gauge(label: "cassette_damaged").record(verification.condition.damagedCount)
        Gauge(label: "cassette_door_visits").record(packs.traffic.visitCount)
        Gauge(label: "cassette_read_only").record(await ingest.readOnlyReason() == nil ? 0 : 1)
        Gauge(label: "cassette_volume_suspect").record(packs.isVolumeSuspect ? 1 : 0)
        // A volume that does not tell is one that nothing is stored on: read-only says so.
        if let (free, total) = try? await setup.space(), total != .max {
            Gauge(label: "cassette_volume_free_bytes").record(Double(free))
            Gauge(label: "cassette_volume_bytes").record(Double(total))
        }
        do throws(PackError) {
            Gauge(label: "cassette_quarantined_packs").record(try await packs.quarantinedCount())
        } catch {
            throw ArchiveError(error)
        }
        do throws(CatalogError) {
            Gauge(label: "cassette_instances").record(try await catalog.counts().instances)
        } catch {
            throw ArchiveError(error)
        }
        try await refreshScrubbing()
        try await refreshStores()
        try await refreshJobs()
    }

    private func refreshScrubbing() async throws(ArchiveError) {
        let last = try await scrubbing.status().last
        let end = last?.job.ended.map { $0.microseconds / 1_000_000 } ?? 0
        Gauge(label: "cassette_scrub_last_end_timestamp_seconds").record(end)
        Gauge(label: "cassette_scrub_last_damaged").record(last?.damaged ?? 0)
        Gauge(label: "cassette_scrub_last_unread").record(last?.unread ?? 0)
    }

    private func refreshStores() async throws(ArchiveError) {
        for store in setup.blobStores {
            let name = ("store", store.name.text)
            Gauge(label: "cassette_store_up", dimensions: [name]).record(await store.answers() ? 1 : 0)
            let totals: [PackPlaceTotal]
            do throws(PackError) {
                totals = try await setup.places.totals(of: store.name)
            } catch {
                throw ArchiveError(error)
            }
            for state in PackPlaceState.allCases {
                let count = totals.first { $0.state == state }?.packCount ?? 0
                Gauge(label: "cassette_store_packs", dimensions: [name, ("state", state.word)]).record(count)
            }
        }
    }

    private func refreshJobs() async throws(ArchiveError) {
        let open: [JobRecord]
        do throws(RegistryError) {
            open = try await registry.openJobs().map { jobs.current($0) }
        } catch {
            throw ArchiveError(error)
        }
        for kind in jobs.kinds {
            for state in JobState.allCases where !state.isEnd {
                let count = open.count { $0.kind == kind && $0.state == state }
                Gauge(label: "cassette_jobs", dimensions: [("kind", kind), ("state", state.rawValue)]).record(count)
            }
        }
    }
}

extension PackPlaceState {
    /// One word for metrics.
    fileprivate var word: String {
        switch self {
        case .copying: "copying"
        case .verified: "verified"
        case .retiring: "retiring"
        case .removing: "removing"
        }
    }
}
