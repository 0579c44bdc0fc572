import ArchiveServices
import Platform
import TestKit
import Testing

@testable import cassette

@Suite struct `Each call of the disk fails once` {
    @Test(arguments: CallFailure.all)
    func `while receiving, success means stored and the archive opens again`(failure: CallFailure) async throws {
        let objects = try Self.objects()
        let empty = try await Self.image(sending: [])

        let sweep = try await Self.sweep(failure, objects, from: SimulatedDisk(empty)) { disk, fault in
            let archive = try await CrashArchive(on: disk, seed: 20)
            disk.fail(fault)
            return (await Self.receive(objects, archive), archive)
        }
        #expect(sweep.violations == [])
        print("receive, \(failure): \(sweep.calls) calls failed, \(sweep.refusals) objects refused")
    }

    @Test(arguments: CallFailure.all)
    func `while starting, nothing is lost and the next start works`(failure: CallFailure) async throws {
        let objects = try Self.objects()
        let left = try await Self.left(objects)

        let sweep = try await Self.sweep(failure, objects, from: SimulatedDisk(continuing: left)) { disk, fault in
            disk.fail(fault)
            guard let archive = try? await CrashArchive(on: disk, seed: 21) else { return (1, nil) }
            return (0, archive)
        }
        #expect(sweep.violations == [])
        print("start, \(failure): \(sweep.calls) calls failed, \(sweep.refusals) starts refused")
    }

    @Test(arguments: CallFailure.all)
    func `while the first start makes keys and index, the next start works`(failure: CallFailure) async throws {
        let objects = try Self.objects()

        let sweep = try await Self.sweep(failure, objects, from: SimulatedDisk()) { disk, fault in
            disk.fail(fault)
            guard let archive = try? await CrashArchive(on: disk, seed: 22) else { return (1, nil) }
            _ = await Self.receive(objects, archive)
            return (0, archive)
        }
        #expect(sweep.violations == [])
        print("first start, \(failure): \(sweep.calls) calls failed, \(sweep.refusals) starts refused")
    }

    /// Calls from one that fails to the next; others for each kind of failure, the same ones in each run.
    private static let step = CrashStates.isWhole ? 1 : 4

    /// Fails one call of that kind, then a later one, and so on until a run makes fewer calls; nothing may be lost in any.
    private static func sweep(
        _ failure: CallFailure,
        _ objects: [CrashObject],
        from makeDisk: @autoclosure () -> SimulatedDisk,
        run: (SimulatedDisk, SimulatedDisk.Fault) async throws -> (refusals: Int, archive: CrashArchive?)
    ) async throws -> (calls: Int, refusals: Int, violations: [String]) {
        var (calls, refusals) = (0, 0)
        var index = failure.description.utf8.count % step
        var found: [String] = []
        while true {
            let disk = makeDisk()
            let outcome = try await run(disk, failure.fault(at: index))
            refusals += outcome.refusals
            let hasFailed = disk.hasFailed
            disk.fail(nil)
            outcome.archive?.kill()
            found += try await ArchiveAfterFault(objects).violations(on: disk).map {
                "call \(index) of \(failure): \($0)"
            }
            guard hasFailed else { return (calls, refusals, found) }
            calls += 1
            index += step
        }
    }

    private static func objects() throws -> [CrashObject] {
        try [
            CrashObject(study: 1, number: 1), CrashObject(study: 1, number: 2, frames: 700),
            CrashObject(study: 1, number: 2, variant: 1), CrashObject(study: 2, number: 1),
            CrashObject(study: 2, number: 1, variant: 1), CrashObject(study: 1, number: 1, variant: 1),
        ]
    }

    /// Sends all, seals, sends one more time; returns how many were refused.
    private static func receive(_ objects: [CrashObject], _ archive: CrashArchive) async -> Int {
        var refusals = 0
        do {
            let session = try archive.archive.ingest.openSession(for: CrashArchive.administrator)
            for object in objects.indices {
                if object == 4 {
                    archive.clock.advance(by: .seconds(60))
                    do { try await archive.archive.sealPacks(quietFor: .seconds(30)) } catch {
                        // Tried again later, as the program does.
                    }
                }
                let outcome = await archive.send(object, of: objects, in: session, failuresAreUncertain: true)
                guard case .refused(let refusal) = outcome, refusal.reason != .differentObjectStored else { continue }
                refusals += 1
            }
            await session.close()
            try await archive.archive.sealPacks(quietFor: .zero)
        } catch {
            // The program would try to seal again, and say so in its log.
        }
        return refusals
    }

    private static func image(sending objects: [CrashObject]) async throws -> DiskImage {
        let disk = SimulatedDisk()
        let archive = try await CrashArchive(on: disk, seed: 23)
        _ = await receive(objects, archive)
        try await archive.archive.close()
        archive.kill()
        return disk.image
    }

    /// A disk with an open pack, a torn tail, and an index that lacks a record.
    private static func left(_ objects: [CrashObject]) async throws -> DiskLog {
        let disk = SimulatedDisk(try await image(sending: [objects[0]]))
        disk.note(Acknowledgement(object: 0, answer: .stored))
        let archive = try await CrashArchive(on: disk, seed: 24)
        let session = try archive.archive.ingest.openSession(for: CrashArchive.administrator)
        await archive.send(3, of: objects, in: session)
        let killing = Arrival(bytes: objects[1].file, meanwhile: { archive.kill() })
        _ = await session.store(IncomingObject(form: .part10), body: killing)
        return disk.log
    }
}
