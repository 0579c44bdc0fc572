import NIOCore
import PackStorage
import Platform
import Testing

@testable import ArchiveServices

@Suite struct `The manifest of a backup` {
    private static let header = BackupHeader(
        archiveID: RandomID(high: 1, low: 2),
        backupID: RandomID(high: 3, low: 4),
        sequence: 7,
        time: Timestamp(microseconds: 1_700_000_000_000_000),
        rootKey: "file:/srv/data.keys/root.key"
    )

    @Test func `its plain part is read back, and not when it is cut or changed anywhere`() throws {
        let encoded = Self.header.encoded
        var whole = encoded

        #expect(try BackupHeader(decoding: &whole) == Self.header)
        #expect(whole.readableBytes == 0)
        for length in 0..<encoded.readableBytes {
            var cut = encoded.getSlice(at: 0, length: length) ?? ByteBuffer()
            #expect(throws: BackupError.self) { try BackupHeader(decoding: &cut) }
        }
        for place in 0..<encoded.readableBytes {
            var changed = encoded
            changed.setInteger(~(encoded.getInteger(at: place, as: UInt8.self) ?? 0), at: place)
            #expect(throws: BackupError.self) { try BackupHeader(decoding: &changed) }
        }
    }

    @Test func `its sealed part is read back, and not when it is cut anywhere`() throws {
        let extent = PackExtent(packID: PackID(RandomID(high: 5, low: 6)), length: 640, isSealed: true)
        let manifest = BackupManifest(
            header: Self.header,
            previous: .init(backupID: RandomID(high: 9, low: 9), digest: Array(repeating: 1, count: 32)),
            keyringDigest: Array(repeating: 2, count: 32),
            content: ArchiveContent(studies: 1, instances: 2, payloadBytes: 3, digest: Array(repeating: 4, count: 32)),
            missingPacks: 0,
            packs: [.init(extent: extent, sha256: Array(repeating: 5, count: 32), instances: 2)],
            files: [
                .init(
                    name: "registry.sqlite",
                    id: RandomID(high: 7, low: 8),
                    length: 9,
                    sha256: Array(repeating: 6, count: 32)
                )
            ]
        )
        let body = manifest.encodedBody

        #expect(try BackupManifest(header: Self.header, body: body) == manifest)
        for length in 0..<body.readableBytes {
            #expect(throws: BackupError.self) {
                try BackupManifest(header: Self.header, body: body.getSlice(at: 0, length: length) ?? ByteBuffer())
            }
        }
    }
}
