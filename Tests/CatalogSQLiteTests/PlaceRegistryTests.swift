import ArchiveCatalog
import Foundation
import NIOPosix
import Platform
import Testing

@testable import CatalogSQLite

@Suite struct `Places of packs in the registry` {
    private let folder: IndexFolder

    init() throws {
        folder = try IndexFolder()
    }

    private func open() async throws -> SQLiteRegistry {
        try await SQLiteRegistry.open(
            path: folder.url.appending(path: "registry.sqlite").path,
            key: [UInt8](repeating: 7, count: 32),
            disk: PosixDisk(),
            pool: WorkPool(threads: NIOThreadPool.singleton)
        )
    }

    private func row(_ pack: UInt64, _ store: String, _ state: UInt8, size: UInt64 = 5) -> PackPlaceRow {
        PackPlaceRow(
            pack: RandomID(high: 0xFF00, low: pack),
            store: store,
            state: state,
            size: size,
            sha256: state == 1 ? [] : [UInt8](repeating: 9, count: 32),
            verified: state == 2 ? Timestamp(microseconds: 17) : nil,
            changed: Timestamp(microseconds: -3)
        )
    }

    @Test func `what was put in comes back after a restart, changed and taken out rows as well`() async throws {
        let registry = try await open()
        try await registry.setPackPlaces([row(1, "hot", 2), row(1, "cold", 1), row(2, "cold", 1)])
        try await registry.setPackPlaces([row(1, "cold", 3, size: .max / 2)])
        try await registry.removePackPlace(row(2, "cold", 1).pack, from: "cold")
        try await registry.removePackPlace(row(2, "cold", 1).pack, from: "cold")
        try await registry.close()

        let again = try await open()
        #expect(
            try await again.packPlaces(of: row(1, "", 1).pack) == [row(1, "cold", 3, size: .max / 2), row(1, "hot", 2)]
        )
        #expect(try await again.packPlaces(of: row(2, "", 1).pack) == [])
        try await again.close()
    }

    @Test func `rows of a store come page by page, and are counted`() async throws {
        let registry = try await open()
        try await registry.setPackPlaces((0..<5).map { row($0, "cold", 2, size: $0) } + [row(9, "cold", 1)])

        let first = try await registry.packPlaces(in: "cold", state: 2, after: nil, limit: 3)
        let second = try await registry.packPlaces(in: "cold", state: 2, after: first.last?.pack, limit: 3)

        #expect(first == (0..<3).map { row($0, "cold", 2, size: $0) })
        #expect(second == (3..<5).map { row($0, "cold", 2, size: $0) })
        #expect(try await registry.packPlaces(in: "warm", state: 2, after: nil, limit: 3) == [])
        #expect(
            try await registry.packPlaceTotals(of: "cold") == [
                PackPlaceRowTotal(state: 1, count: 1, byteCount: 5),
                PackPlaceRowTotal(state: 2, count: 5, byteCount: 10),
            ]
        )
        try await registry.close()
    }
}
