import ArchiveCatalog
import DICOMCore
import NIOCore
import Platform
import Testing

@testable import ArchiveServices

@Suite struct `A tombstone` {
    private static let ids = (1...3).map { RandomID(high: 7, low: UInt64($0)) }
    private static let samples: [Tombstone] = [
        .takesBack(ids[0]),
        .deletes(
            Deletion(
                id: ids[0],
                scope: ArchiveScope(studyInstanceUID: UID(literal: "1.2"), seriesInstanceUID: UID(literal: "1.3")),
                deletedAt: Timestamp(microseconds: 5),
                deletedBy: "administrator",
                reason: "Wrong side",
                instanceCount: 2,
                payloadBytes: 9
            ),
            ids.map { RecordReference(sopInstanceUID: UID(literal: "1.2.3"), recordID: $0) }
        ),
        .restores(ids[0], except: [ids[1]], at: Timestamp(microseconds: -1)),
        .ends(ids[2], at: Timestamp(microseconds: 1)),
        .supersedes(ids, at: Timestamp(microseconds: 3)),
    ]

    @Test(arguments: samples)
    func `is read as it was written, and refused when cut anywhere`(_ tombstone: Tombstone) {
        let bytes = tombstone.encoded()

        #expect(Tombstone(decoding: bytes) == tombstone)
        for length in 0..<bytes.readableBytes {
            #expect(Tombstone(decoding: bytes.getSlice(at: 0, length: length) ?? ByteBuffer()) == nil)
        }
    }

    @Test func `of another version or kind is none`() {
        #expect(Tombstone(decoding: ByteBuffer(bytes: [3] + ids16)) == nil)
        #expect(Tombstone(decoding: ByteBuffer(bytes: [2, 9] + ids16)) == nil)
        #expect(Tombstone(decoding: ByteBuffer(bytes: [1] + ids16)) == .takesBack(RandomID(high: 0, low: 0)))
    }

    private var ids16: [UInt8] { Array(repeating: 0, count: 16) }
}
