public import AccessControl
public import ArchiveCatalog
import Deidentification
import Logging
import Platform
import Sealing

/// Research projects: made, changed, opened for pseudonyms, and closed, with which all ties are cut.
///
/// A project has a key of its own in the keyring, from which everything follows that ties its pseudonyms to patients.
/// Closing destroys that key as shredding destroys a study's: an older backup brings the project's rows back, but no key.
public final class ProjectService: Sendable {
    let policy: AccessPolicy
    let registry: any Registry
    let keyring: Keyring
    let cohorts: CohortReader
    let clock: any WallClock
    let random: any RandomSource
    let logger: Logger
    let directory = ResearcherDirectory()
    /// One change of a project at a time.
    let gate = KeyGate<String>()

    init(on base: ArchiveFoundation, catalog: CurrentCatalog) {
        policy = base.policy
        registry = base.registry
        keyring = base.keyring
        cohorts = CohortReader(catalog: catalog)
        clock = base.clock
        random = base.random
        logger = base.logger
    }

    // MARK: Projects

    /// Makes a project, and its key.
    ///
    /// - Parameter name: 1 to 16 letters, digits, hyphens and underscores, a letter or digit first; stands in front of
    ///   pseudonyms, and is taken for good.
    /// - Throws: `.denied`; `.badRequest` for settings that make no sense; `.conflict` for a name that is taken.
    public func create(
        _ name: String,
        _ settings: ProjectSettings,
        as principal: Principal
    ) async throws(ArchiveError) -> Project {
        try authorize(.manageProjects, principal)
        guard PseudonymPrefix(name) != nil, name.first.map({ $0.isLetter || $0.isNumber }) ?? false else {
            throw ArchiveError(
                .badRequest,
                "A name of a project has 1 to \(PseudonymPrefix.lengthLimit) letters, digits, '-' and '_', "
                    + "and begins with a letter or digit"
            )
        }
        let now = clock.now()
        let draft = Project(
            id: RandomID(random: random),
            name: name,
            patients: settings.patients ?? .keyed,
            createdAt: now,
            createdBy: principal.name
        )
        let project = try settings.applied(to: draft, at: now)
        await gate.enter(name.lowercased())
        defer { gate.leave(name.lowercased()) }
        guard try await found(name) == nil else { throw Self.nameIsTaken }
        // The key first: a key without project is of no harm, a project without key cannot be told from a closed one.
        let keyID = keyID(of: project)
        _ = try await mapped { () async throws(KeyringError) in try await keyring.studyKeyCreatingIfNeeded(keyID) }
        guard try await answer({ () async throws(RegistryError) in try await registry.add(project) }) else {
            throw Self.nameIsTaken
        }
        directory.note(project)
        note("a research project was made", project)
        return project
    }

    /// Changes a project; pseudonyms stay what they are.
    ///
    /// - Throws: `.denied`, `.notFound`; `.badRequest` for what makes no sense; `.conflict` for a closed one.
    public func update(
        _ name: String,
        _ settings: ProjectSettings,
        as principal: Principal
    ) async throws(ArchiveError) -> Project {
        try authorize(.manageProjects, principal)
        await gate.enter(name.lowercased())
        defer { gate.leave(name.lowercased()) }
        let project = try await existing(name)
        try requireOpen(project)
        guard settings.patients == nil || settings.patients == project.patients else {
            throw ArchiveError(.badRequest, "How patients are called is settled when a project is made")
        }
        let changed = try settings.applied(to: project, at: clock.now())
        try await answer { () async throws(RegistryError) in try await registry.save(changed) }
        directory.note(changed)
        note("a research project was changed", changed)
        return changed
    }

    /// All projects in the order of their names; of a researcher, the one.
    public func list(as principal: Principal) async throws(ArchiveError) -> [Project] {
        try authorize(.viewProject, principal)
        return try await answer { () async throws(RegistryError) in try await registry.projects() }
            .filter { principal.mayView(project: $0.id) }
    }

    /// One project.
    ///
    /// - Throws: `.denied`; `.notFound`, also for a project that is not the researcher's.
    public func project(named name: String, as principal: Principal) async throws(ArchiveError) -> Project {
        try authorize(.viewProject, principal)
        let project = try await existing(name)
        guard principal.mayView(project: project.id) else { throw Self.noSuchProject }
        return project
    }

    /// Opens a project for exports and views.
    ///
    /// - Throws: `.denied`, `.notFound`; `.conflict` for one that is closed or whose time is over.
    public func open(_ name: String, as principal: Principal) async throws(ArchiveError) -> OpenProject {
        let project = try await project(named: name, as: principal)
        try requireOpen(project)
        guard !project.isExpired(at: clock.now()) else {
            throw ArchiveError(
                .conflict,
                "The time of the project is over: `cassette project update \(project.name) --expires DAY` prolongs it"
            )
        }
        return try await opened(project)
    }

    // MARK: Closing

    /// Cuts all ties: destroys the key of a project, its mapping table, its consents and the tokens of its researchers.
    ///
    /// Nobody can tell afterwards who a pseudonym stands for; exports that are out stay out. As with a shredded study,
    /// older copies of the keyring hold the key until the epoch ends, which a certificate says then.
    ///
    /// - Throws: `.denied`, `.notFound`; `.conflict` for one that is closed.
    public func close(_ name: String, as principal: Principal) async throws(ArchiveError) -> Project {
        try authorize(.manageProjects, principal)
        await gate.enter(name.lowercased())
        defer { gate.leave(name.lowercased()) }
        var project = try await existing(name)
        if project.state == .closed, hasNoKey(project) { try requireOpen(project) }
        if project.state == .open {
            project.state = .closed
            project.closedAt = clock.now()
            // From here on it only goes forward, however often it is interrupted.
            let closing = project
            try await answer { () async throws(RegistryError) in try await registry.save(closing) }
        }
        directory.note(project)
        try await finishClosing(project, by: principal.name)
        note("a research project was closed: its key is destroyed", project)
        return project
    }

    /// Goes on with what was interrupted, and closes what a restored registry takes for open though its key is destroyed.
    func resume() async throws(ArchiveError) {
        let projects = try await answer { () async throws(RegistryError) in try await registry.projects() }
        let shreddings = try await answer { () async throws(RegistryError) in
            try await registry.shreddings(openOnly: false)
        }
        let certified = Set(shreddings.map(\.studyKeyID))
        for var project in projects {
            let keyID = keyID(of: project)
            let isKeyless = keyring.isRemoved(keyID)
            switch project.state {
            case .open:
                guard isKeyless else { continue }
                project.state = .closed
                project.closedAt = clock.now()
            case .closed: guard !isKeyless || !certified.contains(keyID.rawValue) else { continue }
            }
            try await finishClosing(project, by: project.createdBy, isCertified: certified.contains(keyID.rawValue))
            note("a research project was found without key or half closed, and is closed now", project)
        }
        try await fillDirectory()
    }

    private func finishClosing(
        _ project: Project,
        by name: String,
        isCertified: Bool = false
    ) async throws(ArchiveError) {
        let keyID = keyID(of: project)
        let generation = keyring.newestGeneration(of: keyID) ?? 0
        try await mapped { () async throws(KeyringError) in try await keyring.removeStudyKeys([keyID]) }
        // Asked now: what was the newest version before may have been replaced while the key was there.
        let kekVersion = await keyring.status().activeVersion
        let shredding = Shredding(
            id: RandomID(random: random),
            projectKeyID: keyID.rawValue,
            keyGeneration: generation,
            kekVersion: kekVersion,
            requestedBy: name,
            reason: "project \(project.name) closed",
            requestedAt: clock.now()
        )
        try await answer { () async throws(RegistryError) in
            try await registry.close(project, saving: isCertified ? nil : shredding)
        }
        try await fillDirectory()
    }

    private func fillDirectory() async throws(ArchiveError) {
        let researchers = try await answer { () async throws(RegistryError) in try await registry.researchers() }
        let projects = try await answer { () async throws(RegistryError) in try await registry.projects() }
        directory.fill(researchers, projects)
    }

    // MARK: Parts

    func opened(_ project: Project) async throws(ArchiveError) -> OpenProject {
        let keyID = keyID(of: project)
        let key = try await mapped { () async throws(KeyringError) in try keyring.existingStudyKey(keyID) }
        guard let key else {
            throw ArchiveError(.damaged, "The keyring lacks the key of the project: restore the keyring from a backup")
        }
        let consents = try await answer { () async throws(RegistryError) in try await registry.consents(of: project.id)
        }
        return OpenProject(
            project,
            profile: try ProjectSettings.profile(of: project),
            keys: try ProjectKeys(key, of: project.id),
            consents: ConsentBook(project.consent, consents),
            registry: registry,
            random: random
        )
    }

    /// Throws `.denied` unless `principal` may change projects, or look into them as only an administrator may.
    public func authorizeChanges(as principal: Principal) throws(ArchiveError) {
        try authorize(.manageProjects, principal)
    }

    func authorize(_ operation: AccessControl.Operation, _ principal: Principal) throws(ArchiveError) {
        guard policy.allows(operation, for: principal) else {
            throw ArchiveError(.denied, "This caller may not do that with research projects")
        }
    }

    func existing(_ name: String) async throws(ArchiveError) -> Project {
        guard let project = try await found(name) else { throw Self.noSuchProject }
        return project
    }

    func requireOpen(_ project: Project) throws(ArchiveError) {
        guard project.state == .open, !keyring.isRemoved(keyID(of: project)) else {
            throw ArchiveError(.conflict, "The project is closed: its key is destroyed, and nothing brings it back")
        }
    }

    func note(_ text: Logger.Message, _ project: Project) {
        logger.notice(text, metadata: [LogKeys.recordID: "\(project.id.hex)"])
    }

    func answer<Answer>(
        _ question: () async throws(RegistryError) -> Answer
    ) async throws(ArchiveError) -> Answer {
        do throws(RegistryError) {
            return try await question()
        } catch {
            throw ArchiveError(error)
        }
    }

    private func found(_ name: String) async throws(ArchiveError) -> Project? {
        try await answer { () async throws(RegistryError) in try await registry.project(named: name) }
    }

    private func hasNoKey(_ project: Project) -> Bool {
        let keyID = keyID(of: project)
        return keyring.isRemoved(keyID) || keyring.newestGeneration(of: keyID) == nil
    }

    private func keyID(of project: Project) -> StudyKeyID { ProjectKeys.keyID(of: project.id, in: keyring) }

    private func mapped<Result>(
        _ body: () async throws(KeyringError) -> Result
    ) async throws(ArchiveError) -> Result {
        do throws(KeyringError) {
            return try await body()
        } catch {
            throw ArchiveError(keys: error)
        }
    }

    static let noSuchProject = ArchiveError(
        .notFound,
        "There is no such project: `cassette project list` shows all"
    )
    private static let nameIsTaken = ArchiveError(
        .conflict,
        "A project has that name, or had it before it was closed: choose another, for pseudonyms begin with it"
    )
}
