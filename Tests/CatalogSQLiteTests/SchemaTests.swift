import Testing

@testable import CatalogSQLite

@Suite struct `The schema` {
    /// FNV-1a over the text of all statements.
    private var fingerprint: UInt64 {
        CatalogSchema.statements.joined(separator: ";").utf8.reduce(0xCBF2_9CE4_8422_2325) { hash, byte in
            (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
    }

    @Test func `a change of the tables goes with a new version`() {
        // Both change together: raise the version, then take the new fingerprint.
        #expect(CatalogSchema.version == 4)
        #expect(fingerprint == 16_009_749_978_939_294_027)
    }
}
