import PackStorage
import Platform
import Sealing

/// What happens when the registry was there and is not any more: with it go holds, places of packs, and who deleted what.
///
/// An empty one in its place would let go what is held, so an operator must want it. Then the places are adopted from the
/// stores, and nothing ends in the bin or is compacted for a day, or until the operator removes the mark.
struct RegistryLoss: Sendable {
    /// What an operator says who wants an empty registry, for all commands.
    static let consentName = "ACCEPT_NEW_REGISTRY"
    private static let unadopted = "adopt"
    private static let suspension: Duration = .seconds(86_400)

    let folder: DataFolder
    let disk: any Disk
    let clock: any WallClock

    /// There as long as deletions are suspended.
    var markPath: String { folder.path + "/registry-lost" }
    private var mark: SmallFile { SmallFile(path: markPath, disk: disk) }

    /// Refuses to go on without a registry where there was one.
    ///
    /// - Parameter holdsPacks: Whether there are packs in the data folder.
    func check(_ keyring: Keyring, holdsPacks: Bool, isAccepted: Bool) async throws {
        // The archive of an earlier version has no key for a registry; one that has just been made, nothing to lose.
        guard keyring.hasSideKey("registry"), try !disk.exists(folder.registry) else { return }
        let holdsIndex = try disk.exists(folder.index)
        let holdsStudies = await keyring.status().studyKeyCount > 0
        guard holdsPacks || holdsIndex || holdsStudies else { return }
        guard isAccepted else {
            throw CommandFailure(
                "\(folder.registry) is missing: legal holds, retention, jobs and the places of packs in other stores are in it. "
                    + "Put it back from a backup (`cassette restore` into another folder, then copy it). If there is none: "
                    + "`cassette serve --accept-new-registry` (or CASSETTE_\(Self.consentName)=true) begins with an empty "
                    + "one; holds are gone then and must be placed again"
            )
        }
        try mark.write(Self.unadopted + "\n")
    }

    /// Adopts the places of packs that lie in other stores, when that is due.
    ///
    /// - Returns: What stood in the way; `nil` when nothing was due.
    func adoptPlaces(_ packs: PackStore) async throws -> PackSurvey? {
        guard try mark.read()?.hasPrefix(Self.unadopted) == true else { return nil }
        let survey = try await packs.adoptPlaces()
        if let unlisted = survey.problems.first(where: { $0.packID == nil }) {
            throw CommandFailure(
                "The registry is new, and the store \(unlisted.store?.text ?? "") cannot be listed: start again when it answers"
            )
        }
        try mark.write("\(clock.now().advanced(by: Self.suspension).microseconds)\n")
        return survey
    }

    /// Whether nothing may end in the bin, nor be compacted.
    var isSuspended: Bool {
        do throws(DiskError) {
            guard let text = try mark.read() else { return false }
            guard let until = Int64(text.prefix { $0 != "\n" }) else { return true }
            return clock.now().microseconds < until
        } catch {
            return true
        }
    }
}
