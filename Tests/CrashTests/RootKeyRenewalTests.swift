import NIOCore
import Platform
import Sealing
import TestKit
import Testing

@testable import cassette

@Suite struct `Renewal of a root key` {
    private let disk = SimulatedDisk()
    private let random = SeededRandomSource(seed: 5)
    private let path = "/data.keys/root.key"

    private var renewal: RootKeyRenewal {
        RootKeyRenewal(path: path, dataDirectory: "/data", disk: disk, pool: TestPool.shared, random: random)
    }

    private func open(_ provider: any RootKeyProvider) async throws(KeyringError) -> Keyring {
        try await Keyring.open(
            directories: ["/data/keyring", "/data/keyring-mirror"],
            provider: provider,
            disk: disk,
            pool: TestPool.shared,
            random: random,
            clock: ManualClock()
        )
    }

    private func provider(_ path: String) -> FileRootKeyProvider {
        FileRootKeyProvider(disk: disk, pool: TestPool.shared, path: path, random: random, refusingUnder: "/data")
    }

    private func bytes(_ path: String) throws -> [UInt8]? {
        guard try disk.exists(path) else { return nil }
        let file = try disk.open(path, .read)
        return Array(try file.read(at: 0, count: 100).readableBytesView)
    }

    @Test func `a next key that is in use already takes its place and is not lost`() async throws {
        let keyring = try await renewal.open(open)
        let side = try await keyring.sideKeyBytes("index")
        // The keyring was wrapped, and then the disk did not rename.
        try await keyring.rewrap(with: provider(path + ".next"))
        try await renewal.renew(keyring)
        #expect(try bytes(path + ".next") == nil && bytes(path + ".previous") == nil)
        #expect(try await renewal.open(open).sideKeyBytes("index") == side)
    }

    @Test func `a next key that was never used is used now`() async throws {
        let keyring = try await renewal.open(open)
        let side = try await keyring.sideKeyBytes("index")
        let old = try bytes(path)
        try await provider(path + ".next").prepare(mayCreate: true)
        try await renewal.renew(keyring)
        #expect(try bytes(path) != old && bytes(path + ".next") == nil && bytes(path + ".previous") == nil)
        #expect(try await renewal.open(open).sideKeyBytes("index") == side)
    }
}
