import Platform

@testable import cassette

/// Looks at an archive that was killed after a call of its disk had failed.
struct ArchiveAfterFault: Sendable {
    private let checker: CrashChecker

    init(_ objects: [CrashObject]) {
        checker = CrashChecker(objects: objects)
    }

    /// What is wrong after the next start without a fault, with all that was acknowledged in mind.
    func violations(on disk: SimulatedDisk) async throws -> [String] {
        let next = SimulatedDisk(continuing: disk.log)
        let answers = CrashChecker.answers(next.log.acknowledgements)
        do {
            // The index is made again from the packs first, on a disk of its own: the same must be there.
            let packsAlone = SimulatedDisk(continuing: disk.log)
            for suffix in ["", "-wal", "-journal"] { _ = packsAlone.remove(CrashArchive.folder.index + suffix) }
            let rebuilt = try await CrashArchive(on: packsAlone, seed: 26)
            let rebuiltTexts = try await checker.violations(of: rebuilt, answers)
            rebuilt.kill()
            guard rebuiltTexts.isEmpty else { return rebuiltTexts.map { "after a rebuild: " + $0 } }
            let archive = try await CrashArchive(on: next, seed: 25)
            var texts = try await checker.violations(of: archive, answers)
            texts += try await checker.sendAgain(to: archive, answers)
            texts += try await checker.violations(of: archive, CrashChecker.answers(next.log.acknowledgements))
            archive.kill()
            return texts
        } catch {
            next.powerOff()
            return ["the archive does not start: \(error)"]
        }
    }
}
