import PackStorage
import Platform
import TestKit
import Testing

@testable import ArchiveServices

@Suite struct `Each call fails once in every protocol` {
    @Test(arguments: ArchiveFaultRun.chosen)
    func `of the archive, and the next start finds what was promised`(run: ArchiveFaultRun) async throws {
        let prepared = try await run.prepare()

        // Where a shredding has gone wrong: packs that it did not see, keys that were gone in one of two places.
        let wholeCalls: Set<DiskCall> = run == .shredding ? [.open, .rename, .syncDirectory] : []
        let found = try await FaultSweep(name: run.rawValue, wholeCalls: wholeCalls).run { fault, index in
            try await run.attempt(prepared, fault, index)
        }

        #expect(found.prefix(5).joined(separator: "\n") == "")
    }

    @Test(arguments: KeyringScript.Name.allCases)
    func `of the keyring, and no key is lost or comes back`(name: KeyringScript.Name) async throws {
        let base = try await KeyringScript.base(of: name)

        let found = try await FaultSweep(name: "keyring, " + name.rawValue).run { fault, index in
            let disk = SimulatedDisk(base)
            disk.fail(fault)
            let (facts, isRefused) = await KeyringScript.attempt(name, on: disk)
            let calls = disk.callCounts
            disk.powerOff()
            let checker = KeyringChecker(facts: facts)
            let seed = 6_000 + UInt64(index)
            let next = SimulatedDisk(continuing: disk.log)
            var texts = await checker.violations(on: next, told: facts.count, seed: seed)
            if texts.isEmpty {
                texts = await checker.violationsOfGoingOn(on: next, told: facts.count, seed: seed &+ 10_000)
            }
            return FaultAttempt(calls: calls, isRefused: isRefused, violations: texts)
        }

        #expect(found.prefix(5).joined(separator: "\n") == "")
    }

    @Test(arguments: MoveScenario.allCases)
    func `of moves between stores, and every pack has a verified copy`(scenario: MoveScenario) async throws {
        let prepared = try await scenario.prepare()

        let found = try await FaultSweep(name: "moves, " + scenario.rawValue).run { fault, index in
            let disk = SimulatedDisk(prepared.image)
            let clock = prepared.clock
            let world = try await MoveWorld(on: disk, seed: 2, clock: clock)
            var attempt = FaultAttempt()
            disk.fail(fault)
            do {
                try await scenario.run(world, prepared.packs)
            } catch {
                attempt.isRefused = true
                if index % 2 == 1 {
                    // Every second program goes on before it is killed.
                    clock.advance(by: .seconds(30))
                    _ = try? await world.mover.resume()
                }
            }
            attempt.calls = disk.callCounts
            disk.powerOff()
            let next = SimulatedDisk(continuing: disk.log)
            let checker = MoveChecker(scenario.recorded(disk.log, prepared), disk.log.acknowledgements)
            attempt.violations = await checker.violations(on: next, clock, seed: 7_000 + UInt64(index))
            return attempt
        }

        #expect(found.prefix(5).joined(separator: "\n") == "")
    }

    @Test func `of a backup, and the next backup restores`() async throws {
        let crash = try BackupCrash()
        let prepared = try await crash.prepared(seed: 300)
        prepared.kill()
        let log = prepared.disk.log

        let found = try await FaultSweep(name: "backup").run { fault, _ in
            let disk = SimulatedDisk(continuing: log)
            let archive = try await CrashArchive(on: disk, seed: 310)
            disk.fail(fault)
            let report = try? await crash.backUp(archive, seed: 320)
            // A pack that could not be read is told, and missing in this backup alone.
            let lacksPacks = report.map { !$0.problems.isEmpty } ?? false
            var attempt = FaultAttempt(calls: disk.callCounts, isRefused: report == nil || lacksPacks)
            disk.fail(nil)
            do {
                if !lacksPacks {
                    let known = report == nil ? 0..<3 : 0..<5
                    attempt.violations += try await crash.violations(restoring: disk, known, seed: 330)
                }
                archive.kill()
                let again = SimulatedDisk(continuing: disk.log)
                let next = try await CrashArchive(on: again, seed: 340)
                try await crash.backUp(next, seed: 350)
                attempt.violations += try await crash.violations(restoring: again, 0..<5, seed: 360)
                next.kill()
            } catch {
                archive.kill()
                attempt.violations.append("\(error)")
            }
            return attempt
        }

        #expect(found.prefix(5).joined(separator: "\n") == "")
    }

    @Test func `of a restore, and the next one gives the whole archive`() async throws {
        let restore = try await RestoreFaultRun()

        let found = try await FaultSweep(name: "restore").run { fault, index in
            try await restore.attempt(fault, index)
        }

        #expect(found.prefix(5).joined(separator: "\n") == "")
    }
}
