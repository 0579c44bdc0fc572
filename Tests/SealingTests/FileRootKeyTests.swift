import Crypto
import Foundation
import NIOCore
import Platform
import TestKit
import Testing

@testable import Sealing

@Suite struct `The root key file` {
    private let disk = PosixDisk()

    private func inFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try disk.makeDirectory(folder + "/data")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    private func provider(_ path: String, data: String?) -> FileRootKeyProvider {
        FileRootKeyProvider(
            disk: disk,
            pool: TestPool.shared,
            path: path,
            random: SystemRandomSource(),
            refusingUnder: data
        )
    }

    private func prepare(_ path: String, data: String?, mayCreate: Bool) async -> RootKeyError.Code? {
        do throws(RootKeyError) {
            try await provider(path, data: data).prepare(mayCreate: mayCreate)
            return nil
        } catch {
            #expect(error.description.contains(path))
            return error.code
        }
    }

    @Test func `is made on first use, closed to others, and read afterwards`() async throws {
        try await inFolder { folder in
            let path = folder + "/data.keys/root.key"
            let first = provider(path, data: folder + "/data")
            try await first.prepare(mayCreate: true)
            let wrapped = try await first.wrap(.init(size: .bits256))

            let second = provider(path, data: folder + "/data")
            try await second.prepare(mayCreate: false)

            #expect(wrapped.count == 40)
            _ = try await second.unwrap(wrapped)
            #expect(try disk.permissions(path) == DiskPermissions(mode: 0o600, isOwnedByThisUser: true))
            await #expect(throws: RootKeyError.self) { try await second.unwrap(wrapped.reversed()) }
        }
    }

    @Test func `is refused in the data folder, also through a link`() async throws {
        try await inFolder { folder in
            let data = folder + "/data"
            try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: data)

            #expect(await prepare(data + "/root.key", data: data, mayCreate: true) == .insecurePlace)
            #expect(await prepare(folder + "/link/root.key", data: data, mayCreate: true) == .insecurePlace)
            #expect(await prepare(data + "/deep/root.key", data: folder + "/link", mayCreate: true) == .insecurePlace)
            #expect(await prepare(folder + "/data2/root.key", data: data, mayCreate: true) == nil)
        }
    }

    @Test func `is refused when others may read it, and told when missing or spoilt`() async throws {
        try await inFolder { folder in
            let path = folder + "/root.key"
            #expect(await prepare(path, data: nil, mayCreate: false) == .missing)
            #expect(await prepare(path, data: nil, mayCreate: true) == nil)
            let whole = try #require(FileManager.default.contents(atPath: path))

            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
            #expect(await prepare(path, data: nil, mayCreate: true) == .insecurePermissions)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            try whole.dropLast(3).write(to: URL(fileURLWithPath: path))
            #expect(await prepare(path, data: nil, mayCreate: false) == .malformed)
            #expect(FileManager.default.contents(atPath: path)?.count == whole.count - 3)
            #expect(await prepare(path, data: nil, mayCreate: true) == nil)
            #expect(FileManager.default.contents(atPath: path)?.count == whole.count)
            try Data("something else entirely".utf8).write(to: URL(fileURLWithPath: path))
            #expect(await prepare(path, data: nil, mayCreate: true) == .malformed)
        }
    }
}
