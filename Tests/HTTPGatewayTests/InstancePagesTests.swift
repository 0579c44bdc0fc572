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

    private static func number(_ instance: ArchivedInstance) -> UInt64 {
        instance.record.location.recordID.bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// All that the pages hand out while `arriving` is put in its order after the first page was read.
    private func handedOut(
        _ numbers: [UInt64],
        arriving: [UInt64] = [],
        length: Int,
        cutTo cut: Int = .max
    ) async throws -> [UInt64] {
        let stored = Mutex(numbers)
        let isFirst = Mutex(true)
        var pages = InstancePages(length: length) { last, limit throws(ArchiveError) in
            let place = last.map { Self.number($0) }
            let page = stored.withLock { numbers in
                Array(numbers.drop { number in place.map { number <= $0 } ?? false }.prefix(min(limit, cut)))
            }
            if isFirst.withLock({ first in
                defer { first = false }
                return first
            }) {
                stored.withLock { $0 = ($0 + arriving).sorted() }
            }
            return page.map { Self.instance($0) }
        }
        var result: [UInt64] = []
        while let page = try await pages.next() {
            result += page.map { Self.number($0) }
        }
        return result
    }

    @Test(arguments: [0, 1, 2, 3, 4, 7])
    func `every instance comes, page by page`(count: UInt64) async throws {
        #expect(try await handedOut(Array(0..<count), length: 3) == Array(0..<count))
    }

    @Test func `a page that large headers cut short is not the last`() async throws {
        #expect(try await handedOut(Array(0..<7), length: 3, cutTo: 1) == Array(0..<7))
    }

    @Test func `what arrives in between comes once or not at all, and pushes nothing out of its page`() async throws {
        // In front of the first page: too late. Behind it: in its place.
        #expect(try await handedOut([11, 12, 13, 14, 15], arriving: [1, 2, 3, 4], length: 3) == [11, 12, 13, 14, 15])
        #expect(try await handedOut([10, 20, 30, 40], arriving: [15, 35, 50], length: 3) == [10, 20, 30, 35, 40, 50])
    }
}
