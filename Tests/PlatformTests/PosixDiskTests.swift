import Foundation
import NIOCore
import Platform
import Testing

@Suite struct `Files of the operating system` {
    private let disk = PosixDisk()

    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try disk.makeDirectory(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test func `what is written is read back, and less only at the end`() throws {
        try inFolder { folder in
            let file = try disk.open(folder + "/a", .createNew)
            try file.write(ByteBuffer(bytes: [1, 2, 3, 4]), at: 2)
            try file.synchronize()

            #expect(try file.size() == 6)
            #expect(try file.read(at: 1, count: 3) == ByteBuffer(bytes: [0, 1, 2]))
            #expect(try file.read(at: 4, count: 100) == ByteBuffer(bytes: [3, 4]))
            #expect(try file.read(at: 6, count: 1).readableBytes == 0)
            #expect(try file.read(at: 0, count: 0).readableBytes == 0)
            try file.truncate(to: 3)
            #expect(try disk.open(folder + "/a", .read).size() == 3)
        }
    }

    @Test func `a new file is closed to others and an existing one is not replaced`() throws {
        try inFolder { folder in
            _ = try disk.open(folder + "/a", .createNew)
            let error = #expect(throws: DiskError.self) { _ = try disk.open(folder + "/a", .createNew) }

            #expect(error?.code == .exists)
            #expect(try disk.permissions(folder + "/a") == DiskPermissions(mode: 0o600, isOwnedByThisUser: true))
            #expect(try disk.permissions(folder).mode == 0o700)
        }
    }

    @Test func `names are listed, renamed, and removed`() throws {
        try inFolder { folder in
            try disk.makeDirectory(folder + "/b/c")
            try disk.makeDirectory(folder + "/b/c")
            try disk.open(folder + "/a", .createNew).write(ByteBuffer(repeating: 1, count: 10), at: 0)
            #expect(
                try disk.list(folder) == [
                    DiskEntry(name: "a", isDirectory: false, size: 10),
                    DiskEntry(name: "b", isDirectory: true, size: 0),
                ]
            )

            try disk.rename(folder + "/a", to: folder + "/b/d")
            try disk.syncDirectory(folder)
            #expect(try disk.exists(folder + "/b/d"))
            #expect(try !disk.exists(folder + "/a"))
            try disk.unlink(folder + "/b/d")
            #expect(try disk.list(folder + "/b").map(\.name) == ["c"])
        }
    }

    @Test func `a missing file, a closed file, and an impossible offset are errors`() throws {
        try inFolder { folder in
            #expect(throws: DiskError(.notFound, operation: "open")) { _ = try disk.open(folder + "/a", .read) }
            #expect(throws: DiskError(.notFound, operation: "unlink")) { try disk.unlink(folder + "/a") }
            let file = try disk.open(folder + "/a", .createNew)
            #expect(throws: DiskError.self) { try file.write(ByteBuffer(bytes: [1]), at: .max) }
            #expect(throws: DiskError.self) { _ = try file.read(at: .max, count: 1) }
            try file.close()
            try file.close()
            #expect(throws: DiskError(.closed, operation: "pread")) { _ = try file.read(at: 0, count: 1) }
        }
    }

    @Test func `writing through a file that is open for reading is an error`() throws {
        try inFolder { folder in
            _ = try disk.open(folder + "/a", .createNew)
            let file = try disk.open(folder + "/a", .read)

            #expect(throws: DiskError.self) { try file.write(ByteBuffer(bytes: [1]), at: 0) }
            #expect(throws: DiskError.self) { _ = try disk.open(folder, .readWrite) }
        }
    }

    @Test func `links are resolved and free space is told`() throws {
        try inFolder { folder in
            try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: folder)

            #expect(try disk.resolve(folder + "/link") == disk.resolve(folder))
            let (free, total) = try disk.freeBytes(folder)
            #expect(free > 0 && free <= total)
        }
    }
}
