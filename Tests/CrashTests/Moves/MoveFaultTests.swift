import BlobStoreHTTP
import BlobStoreS3
import Foundation
import Logging
import NIOCore
import PackStorage
import Platform
import StoreTestKit
import TestKit
import Testing

@testable import ArchiveServices

/// Moves to a bucket of a real server behind a proxy that hits every fourth request.
@Suite struct `Moves through a faulty network` {
    /// Moves for each fault; 200 for a release.
    private static let wanted = ProcessInfo.processInfo.environment["CASSETTE_FAULT_MOVES"].flatMap(Int.init) ?? 4

    @Test(arguments: StoreFault.allCases)
    func `no fault loses a pack, and every move comes to its end`(fault: StoreFault) async throws {
        try await RealServer.with(.rcloneS3) { server in
            let proxy = try await FaultProxy(target: server.address)
            proxy.plan { Self.plan(fault, $0) }
            let start = ContinuousClock.now
            let store = try Self.store(proxy.address, fault, isFaulty: true)
            let direct = try Self.store(server.address, fault, isFaulty: false)
            do {
                try await Self.run(fault, store, direct)
            } catch {
                Issue.record("\(fault): \(error)")
            }
            print(
                "moves under \(fault): \(Self.wanted), \(proxy.requests.count) requests,",
                "\(proxy.faultCount) faults, \(ContinuousClock.now - start)"
            )
            #expect(proxy.faultCount > 0)
            await store.close()
            await direct.close()
            await proxy.stop()
        }
    }

    /// Hits every fourth request; of lists, of which there are few, every second.
    private static func plan(_ fault: StoreFault, _ request: FaultProxy.Request) -> StoreFault? {
        var chance = SplitMix(seed: UInt64(request.index) &* 977)
        if fault == .emptyList { return request.isList && chance.next(below: 2) == 0 ? fault : nil }
        // Who changes the same byte on its way out and back again deceives every check of a server without digests; the
        // seal of the record finds it when it is read.
        if fault == .wrongBody { return request.isUpload && chance.next(below: 2) == 0 ? fault : nil }
        return chance.next(below: 4) == 0 ? fault : nil
    }

    private static func run(_ fault: StoreFault, _ store: S3BlobStore, _ direct: S3BlobStore) async throws {
        let world = try await MoveWorld(on: SimulatedDisk(), seed: 5, bucket: store, bringsKeyring: true)
        let packs = try await world.makePacks((0..<wanted).map { [1_000 + $0] })
        try await atOnce(packs) { pack in
            try await untilItWorks {
                _ = try await world.mover.move(pack.id, to: [MoveWorld.cold])
            }
            try await look(world, pack, direct, "\(fault), before the grace time")
        }
        world.clock.advance(by: MoveWorld.graceTime)
        try await atOnce(packs) { pack in
            try await untilItWorks {
                guard try await world.mover.move(pack.id, to: [MoveWorld.cold]) == .done else {
                    throw PackError(.noVerifiedPlace)
                }
            }
            try await look(world, pack, direct, "\(fault), at the end")
        }
        #expect(!world.disk.image.files.keys.contains { $0.hasSuffix(".pack") })
        try await atOnce(packs) { pack in
            for record in pack.records {
                try await untilItWorks {
                    let range = 0..<record.location.payloadLength
                    let bytes = try await world.packs.read(record.location, context: MoveWorld.context, range: range)
                    #expect(bytes == record.payload)
                }
            }
        }
        for _ in 0..<(fault == .emptyList ? wanted : 1) { try await walk(world, packs, fault) }
        try await world.close()
    }

    /// A walk, as a rebuild of the index makes it, finds every record, or tells what is in its way; never less in silence.
    private static func walk(_ world: MoveWorld, _ packs: [StoredPack], _ fault: StoreFault) async throws {
        let known = Set(packs.flatMap { $0.records.map(\.location.recordID) })
        do {
            var found: Set<RandomID> = []
            let survey = try await world.packs.forEachRecord { found.insert($0.location.recordID) }
            #expect(found == known || !survey.problems.isEmpty, "\(fault)")
        } catch let error as PackError {
            // Told, too: the list did not come.
            #expect(error.code != .cancelled, "\(fault)")
        }
    }

    /// Several packs at a time, as waits are most of the time.
    private static func atOnce(
        _ packs: [StoredPack],
        _ body: @escaping @Sendable (StoredPack) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var waiting = packs[...]
            for _ in 0..<6 {
                if let pack = waiting.popFirst() { group.addTask { try await body(pack) } }
            }
            while try await group.next() != nil {
                if let pack = waiting.popFirst() { group.addTask { try await body(pack) } }
            }
        }
    }

    /// What is called verified is right, seen without the proxy.
    private static func look(
        _ world: MoveWorld,
        _ pack: StoredPack,
        _ direct: S3BlobStore,
        _ told: Comment
    ) async throws {
        let rows = try await world.places.places(of: pack.id)
        #expect(rows.contains { $0.state == .verified }, told)
        for row in rows where row.state == .verified && row.store == MoveWorld.cold {
            let key = try #require(BlobKey("packs/" + pack.id.hex.prefix(2) + "/" + pack.id.hex + ".pack"))
            let bytes = try await direct.get(key, range: 0..<row.size + 1)
            #expect(BlobSource(bytes).sha256 == row.sha256, told)
        }
    }

    private static func untilItWorks(_ body: () async throws -> Void) async throws {
        var failures = 0
        while true {
            do {
                return try await body()
            } catch {
                failures += 1
                guard failures < 200 else { throw error }
            }
        }
    }

    /// - Parameter isFaulty: Whether answers may never come: then nobody waits for them long.
    private static func store(_ address: String, _ fault: StoreFault, isFaulty: Bool) throws -> S3BlobStore {
        let endpoint = try #require(StoreEndpoint(address))
        // A long run shares its machine with others, who must not be taken for faults.
        let patience: Duration = wanted > 50 ? .seconds(2) : .milliseconds(200)
        let isSlow = isFaulty && [.trickle, .halfOpen].contains(fault)
        var configuration = S3Configuration(
            endpoint: endpoint,
            bucket: RealServer.bucket
        )
        configuration.prefix = "\(fault)/".lowercased()
        configuration.timeouts = StoreTimeouts(
            connect: .seconds(20),
            idle: isSlow ? patience : .seconds(20),
            request: isSlow ? patience * 2 : .seconds(60),
            minimumBytesPerSecond: 1_024 * 1_024
        )
        return S3BlobStore(
            configuration: configuration,
            credentials: FixedS3Credentials(
                S3Credentials(accessKeyID: RealServer.user, secretAccessKey: RealServer.password)
            ),
            clock: SystemWallClock(),
            random: SystemRandomSource(),
            logger: .silent
        )
    }
}
