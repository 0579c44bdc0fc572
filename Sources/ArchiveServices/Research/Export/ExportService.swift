public import AccessControl
public import ArchiveCatalog
import Logging
public import NIOCore
public import Platform
import Sealing

/// Lets de-identified cohorts leave.
public final class ExportService: Sendable {
    /// Documents of an export that can be asked for.
    public static let documentNames = [
        ExportJournal.manifestName, ExportJournal.quarantineName, ExportJournal.reportName, ExportJournal.pageName,
    ]

    /// Shows projects to their researchers, by the same rules.
    public let views: ProjectViewService

    private let setup: ExportSetup
    private let policy: AccessPolicy
    private let projects: ProjectService
    private let jobs: JobRunner
    private let registry: any JobRegistry
    private let starting = KeyGate<String>()

    init(
        _ setup: ExportSetup,
        policy: AccessPolicy,
        projects: ProjectService,
        retrieve: RetrieveService,
        jobs: JobRunner,
        registry: any JobRegistry,
        keyring: Keyring,
        clock: any WallClock,
        logger: Logger
    ) {
        self.setup = setup
        views = ProjectViewService(setup, projects: projects, retrieve: retrieve)
        self.policy = policy
        self.projects = projects
        self.jobs = jobs
        self.registry = registry
        jobs.add(
            ExportJob(
                setup: setup,
                projects: projects,
                retrieve: retrieve,
                keyring: keyring,
                clock: clock,
                logger: logger
            )
        )
    }

    /// Begins an export, or joins the one that works on the same.
    ///
    /// - Throws: `.denied`; `.notFound`, `.conflict` as the project says; `.badRequest` for a query or place that makes no
    ///   sense; `.conflict` when another export works on that place.
    public func start(_ parameters: ExportParameters, as principal: Principal) async throws(ArchiveError) -> JobRecord {
        try authorize(principal)
        let project = try await projects.open(parameters.project, as: principal)
        _ = try await projects.cohort(of: project, query: parameters.query, as: principal)
        guard let encoded = parameters.encoded else {
            throw ArchiveError(.badRequest, "A query and a place stand on one line")
        }
        do {
            let target = try await setup.open(
                parameters.destination,
                ExportSpool(folder: setup.folder, disk: setup.disk, pool: setup.pool)
            )
            guard parameters.headers == nil || target.takesTables else {
                throw ArchiveError(.badRequest, "A table of headers goes to a folder, a ZIP file or a store")
            }
        } catch let error as ArchiveError {
            throw error
        } catch {
            throw ArchiveError(.badRequest, "\(error)")
        }
        await starting.enter(parameters.destination)
        defer { starting.leave(parameters.destination) }
        for job in try await open() where job.parameters != encoded {
            guard ExportParameters(job.parameters)?.destination != parameters.destination else {
                throw ArchiveError(.conflict, "Another export goes to that place: job \(job.id.hex)")
            }
        }
        return try await jobs.enqueue(ExportJob.identifier, parameters: encoded, for: principal.name)
    }

    /// Exports as they are now: those that have not ended, oldest first, then those that ended last.
    public func list(as principal: Principal) async throws(ArchiveError) -> [JobRecord] {
        try authorize(principal)
        let working = try await open()
        do throws(RegistryError) {
            return try await working + registry.endedJobs(ofKind: ExportJob.identifier, limit: 50)
        } catch {
            throw ArchiveError(error)
        }
    }

    /// One export.
    ///
    /// - Throws: `.denied`, `.notFound`, `.unavailable`.
    public func export(_ id: RandomID, as principal: Principal) async throws(ArchiveError) -> JobRecord {
        try authorize(principal)
        let record = try await jobs.stored(id)
        guard record.kind == ExportJob.identifier else {
            throw ArchiveError(.notFound, "There is no such export: `cassette export list` shows all")
        }
        return jobs.current(record)
    }

    /// Ends an export and takes away what it has written; an earlier export at the place stays as it is.
    public func cancel(_ id: RandomID, as principal: Principal) async throws(ArchiveError) -> JobRecord {
        let export = try await export(id, as: principal)
        let record = try await jobs.cancel(id, as: principal)
        // One that works hears of it and cleans up by itself.
        guard record.state == .cancelled, let parameters = ExportParameters(export.parameters) else { return record }
        do {
            try await setup.target(parameters.destination, for: id).destination.abandon(id)
            try await setup.forget(id)
        } catch {
            throw ArchiveError(.unavailable, "The export is cancelled, but what it has written is left: \(error)")
        }
        return record
    }

    /// A document of an export that has ended.
    ///
    /// - Throws: `.denied`; `.notFound`, also before the export has ended.
    public func document(
        _ name: String,
        of id: RandomID,
        as principal: Principal
    ) async throws(ArchiveError) -> ByteBuffer {
        let record = try await export(id, as: principal)
        guard Self.documentNames.contains(name), record.state == .done else {
            throw ArchiveError(
                .notFound,
                "An export that has ended has the documents " + Self.documentNames.joined(separator: ", ")
            )
        }
        let (path, disk) = (setup.folder(of: id) + "/" + name, setup.disk)
        do {
            return try await setup.pool.run {
                let file = try disk.open(path, .read)
                defer { try? file.close() }
                return try file.read(at: 0, count: Int(clamping: try file.size()))
            }
        } catch let error as DiskError where error.code == .notFound {
            throw ArchiveError(.notFound, "The document is not kept any more")
        } catch {
            throw ArchiveError(.unavailable, "\(error)")
        }
    }

    private func open() async throws(ArchiveError) -> [JobRecord] {
        do throws(RegistryError) {
            return try await registry.openJobs().filter { $0.kind == ExportJob.identifier }.map(jobs.current)
        } catch {
            throw ArchiveError(error)
        }
    }

    private func authorize(_ principal: Principal) throws(ArchiveError) {
        guard policy.allows(.exportDeidentified, for: principal) else {
            throw ArchiveError(.denied, "This caller may not export")
        }
    }
}
