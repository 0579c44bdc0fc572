import NIOCore
import Platform
import TestKit
import Testing

@testable import Sealing

@Suite struct `Torn entries of the keyring` {
    private let disk = MemoryDisk()

    /// A file whose entries bear these starts of batches, with one byte of one entry changed.
    private func read(
        _ batchStarts: [UInt64],
        brokenAt broken: Int,
        baseCount: UInt64? = nil
    ) throws -> KeyringCopy {
        var bytes = ByteBuffer()
        var hash = ChainHash.none
        if let baseCount {
            let (header, frame) = KeyringHeader(tenantID: RandomID(high: 0, low: 0))
                .encode(generation: 1, baseCount: baseCount)
            bytes.writeImmutableBuffer(header)
            hash = frame.hash
        }
        for (sequence, batchStart) in batchStarts.enumerated() {
            let start = bytes.writerIndex
            KeyringRecord(
                format: baseCount == nil ? .plain : .headed,
                entry: KeyEntry(
                    kind: .studyKey,
                    id: RandomID(high: 1, low: UInt64(sequence)),
                    generation: 1,
                    kekVersion: 1,
                    created: Timestamp(microseconds: 0),
                    wrappedKey: .none
                ),
                tenantID: RandomID(high: 0, low: 0),
                sequence: UInt64(sequence),
                batchStart: batchStart,
                previousHash: hash
            ).write(to: &bytes)
            hash = ChainHash(of: bytes, at: start, length: 192)
            if sequence == broken { bytes.setInteger(UInt8(0xEE), at: start + 9) }
        }
        disk.setContent("/k", Array(bytes.readableBytesView))
        return try KeyringCopy.scan(disk.open("/k", .read), named: "/k")
    }

    @Test(arguments: [nil, 0, 2] as [UInt64?])
    func `those of one batch are dropped, those of two are damage`(baseCount: UInt64?) throws {
        #expect(try read([0, 0, 2, 2, 2], brokenAt: 2, baseCount: baseCount).count == 2)
        #expect(try read([0, 0, 2, 2, 2], brokenAt: 3, baseCount: baseCount).count == 3)
        #expect(throws: KeyringError.self) { try read([0, 0, 2, 2, 4], brokenAt: 3, baseCount: baseCount) }
        #expect(throws: KeyringError.self) { try read([0, 1, 2], brokenAt: 0, baseCount: baseCount) }
    }

    @Test func `none of those that were there when the file got its name can be torn`() throws {
        #expect(throws: KeyringError.self) { try read([0, 0, 0], brokenAt: 2, baseCount: 3) }
    }
}
