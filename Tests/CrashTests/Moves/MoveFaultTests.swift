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
@Suite(.serialized) struct `Moves through a faulty network` {
    /// Moves for each fault; 200 for a release.
    private static let wanted = ProcessInfo.processInfo.environment["CASSETTE_FAULT_MOVES"].flatMap(Int.init) ?? 4

    @Test func `no fault loses a pack, and every move comes to its end`() async throws {
        try await RealServer.with(.rcloneS3) { server in
            for fault in StoreFault.allCases {
                let proxy = try await FaultProxy(target: server.address)
                proxy.plan { request in
                    // Who changes the same byte on its way out and back again deceives every check of a server without
                    // digests; the seal of the record finds it when it is read.
                    guard fault != .wrongBody || request.isUpload else { return nil }
                    var chance = SplitMix(seed: UInt64(request.index) &* 977)
                    return chance.next(below: 4) == 0 ? fault : nil
                }
                let start = ContinuousClock.now
                let store = try Self.store(proxy.address, fault)
                let direct = try Self.store(server.address, fault)
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
    }

    private static func run(_ fault: StoreFault, _ store: S3BlobStore, _ direct: S3BlobStore) async throws {
        let world = try await MoveWorld(on: SimulatedDisk(), seed: 5, bucket: store)
        let packs = try await world.makePacks((0..<wanted).map { [1_000 + $0] })
        for pack in packs {
            try await untilItWorks("\(fault), moving") {
                _ = try await world.mover.move(pack.id, to: [MoveWorld.cold])
            }
            try await look(world, pack, direct, "\(fault), before the grace time")
        }
        world.clock.advance(by: MoveWorld.graceTime)
        for pack in packs {
            try await untilItWorks("\(fault), letting go") {
                guard try await world.mover.move(pack.id, to: [MoveWorld.cold]) == .done else {
                    throw PackError(.noVerifiedPlace)
                }
            }
            try await look(world, pack, direct, "\(fault), at the end")
        }
        #expect(!world.disk.image.files.keys.contains { $0.hasSuffix(".pack") })
        for pack in packs {
            for record in pack.records {
                try await untilItWorks("\(fault), reading") {
                    let range = 0..<record.location.payloadLength
                    let bytes = try await world.packs.read(record.location, context: MoveWorld.context, range: range)
                    #expect(bytes == record.payload)
                }
            }
        }
        try await world.close()
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

    private static func untilItWorks(_ told: Comment, _ body: () async throws -> Void) async throws {
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

    private static func store(_ address: String, _ fault: StoreFault) throws -> S3BlobStore {
        let endpoint = try #require(StoreEndpoint(address))
        var configuration = S3Configuration(
            endpoint: endpoint,
            bucket: RealServer.bucket
        )
        configuration.prefix = "\(fault)/".lowercased()
        configuration.timeouts = StoreTimeouts(
            connect: .seconds(2),
            idle: .milliseconds(500),
            request: .milliseconds(700),
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
