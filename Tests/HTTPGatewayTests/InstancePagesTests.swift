import ArchiveCatalog
import ArchiveServices
import DICOMCore
import Platform
import Synchronization
import Testing

@testable import HTTPGateway

@Suite struct `Pages of instances` {
    /// An instance that its number tells from others.
    private static func instance(_ number: UInt64) -> ArchivedInstance {
        let uid = UID(literal: "1.2.3")
        let id = RandomID(high: 0, low: number)
        return ArchivedInstance(
            record: InstanceRecord(
                path: InstancePath(studyInstanceUID: uid, seriesInstanceUID: uid, sopInstanceUID: uid),
                sopClassUID: uid,
                transferSyntaxUID: uid,
                values: CatalogValues(),
                location: StoredLocation(
                    packID: id,
                    recordOffset: 0,
                    recordID: id,
                    studyKeyID: id,
                    keyGeneration: 1,
                    payloadLength: 0,
                    manifestLength: 0,
                    recordLength: 0
                ),
                dataSetOffset: 0,
                dataSetDigest: [],
                receivedAt: Timestamp(microseconds: 0),
                source: "",
                sealedHeader: [],
                frameIndex: nil
            )
        )
    }

    /// All that the pages hand out while `arriving` is put in front after the first page was read.
    private func handedOut(_ numbers: [UInt64], arriving: [UInt64] = [], length: Int) async throws -> [UInt64] {
        let stored = Mutex(numbers)
        let isFirst = Mutex(true)
        var pages = InstancePages(length: length) { offset, limit throws(ArchiveError) in
            let page = stored.withLock { Array($0.dropFirst(offset).prefix(limit)) }
            if isFirst.withLock({ first in
                defer { first = false }
                return first
            }) {
                stored.withLock { $0.insert(contentsOf: arriving, at: 0) }
            }
            return page.map { Self.instance($0) }
        }
        var result: [UInt64] = []
        while let page = try await pages.next() {
            result += page.map { $0.record.location.recordID.bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) } }
        }
        return result
    }

    @Test(arguments: [0, 1, 2, 3, 4, 7])
    func `every instance comes, page by page`(count: UInt64) async throws {
        #expect(try await handedOut(Array(0..<count), length: 3) == Array(0..<count))
    }

    @Test func `an instance that another one pushed into the next page does not come twice`() async throws {
        #expect(try await handedOut([1, 2, 3, 4, 5, 6, 7], arriving: [90], length: 3) == [1, 2, 3, 4, 5, 6, 7])
        // One that arrived in between may come, like those that were there it comes once.
        #expect(try await handedOut([1, 2, 3, 4], arriving: [90, 91, 92, 93], length: 3) == [1, 2, 3, 93, 4])
    }
}
