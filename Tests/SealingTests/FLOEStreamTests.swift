import Crypto
import NIOCore
import Platform
import TestKit
import Testing

@testable import Sealing

@Suite struct `Sealed streams` {
    private let key = SymmetricKey(data: Array(0..<32 as Range<UInt8>))

    @Test(arguments: try FLOEVector.committed())
    func `a stream of an independent implementation opens`(vector: FLOEVector) throws {
        #expect(try vector.open(vector.sealed) == vector.plaintext)
    }

    @Test(arguments: try FLOEVector.committed())
    func `sealing with the same IV and nonces gives the same bytes as an independent implementation`(
        vector: FLOEVector
    ) throws {
        var sealer = FLOESealer(
            key: vector.key,
            associatedData: vector.associatedData,
            parameters: vector.parameters,
            random: ScriptedRandomSource()
        )
        var sealed = sealer.header
        try sealer.update(ByteBuffer(bytes: vector.plaintext), into: &sealed)
        try sealer.finish(into: &sealed)

        #expect(sealed == vector.sealed)
        #expect(sealer.plaintextLength == UInt64(vector.plaintext.count))
    }

    @Test(.enabled(if: FLOEVector.hasPublicVectors), arguments: try FLOEVector.published())
    func `the public vectors open, but for the one that is not canonical`(vector: FLOEVector) throws {
        if vector.name.contains("lastSegEmpty") {
            #expect(throws: SealingError.self) { try vector.open(vector.sealed) }
        } else {
            #expect(try vector.open(vector.sealed) == vector.plaintext)
        }
    }

    @Test(arguments: [1, 7, 31, 32, 33, 64, 100])
    func `the size of the pieces makes no difference`(pieceLength: Int) throws {
        let plaintext = (0..<300).map { UInt8($0 % 251) }
        var sealer = FLOESealer(
            key: key,
            associatedData: [1],
            parameters: try FLOEParameters(segmentLength: 64),
            random: SeededRandomSource()
        )
        var sealed = sealer.header
        for start in stride(from: 0, to: plaintext.count, by: pieceLength) {
            let piece = plaintext[start..<min(start + pieceLength, plaintext.count)]
            try sealer.update(ByteBuffer(bytes: piece), into: &sealed)
        }
        try sealer.finish(into: &sealed)

        #expect(try FLOEVector.open(sealed, key: key, associatedData: [1]) == plaintext)
    }

    @Test func `a finished sealer takes nothing more`() throws {
        var sealer = FLOESealer(key: key, associatedData: [], random: SeededRandomSource())
        var sealed = sealer.header
        try sealer.finish(into: &sealed)

        #expect(throws: SealingError(.finished)) { try sealer.update(ByteBuffer(bytes: [1]), into: &sealed) }
        #expect(throws: SealingError(.finished)) { try sealer.finish(into: &sealed) }
    }

    @Test func `every flipped bit of a small stream is refused`() throws {
        let sealed = try seal(count: 70)

        for bit in 0..<sealed.readableBytes * 8 {
            var flipped = Array(sealed.readableBytesView)
            flipped[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: SealingError.self, "bit \(bit)") {
                try FLOEVector.open(ByteBuffer(bytes: flipped), key: key, associatedData: [9])
            }
        }
    }

    @Test func `a stream cut at any byte is refused`() throws {
        let sealed = try seal(count: 70)

        for length in 0..<sealed.readableBytes {
            let cut = ByteBuffer(bytes: sealed.readableBytesView.prefix(length))
            #expect(throws: SealingError.self, "cut to \(length)") {
                try FLOEVector.open(cut, key: key, associatedData: [9])
            }
        }
    }

    @Test func `swapped, repeated, and left out segments are refused`() throws {
        let bytes = Array(try seal(count: 32 * 3).readableBytesView)
        let header = bytes[..<74]
        let segments = (0..<3).map { bytes[(74 + 64 * $0)..<(138 + 64 * $0)] }

        for order in [[1, 0, 2], [0, 2, 1], [0, 0, 2], [0, 1, 1, 2], [0, 2], [1, 2], [2], [0, 1], [0, 1, 2, 2]] {
            let mixed = ByteBuffer(bytes: Array(header) + order.flatMap { Array(segments[$0]) })
            #expect(throws: SealingError.self, "\(order)") {
                try FLOEVector.open(mixed, key: key, associatedData: [9])
            }
        }
    }

    @Test func `another key, other associated data, and another stream's segment are refused`() throws {
        let sealed = try seal(count: 10)
        let other = try seal(count: 10, seed: 2)
        let spliced = ByteBuffer(bytes: sealed.readableBytesView.prefix(74) + other.readableBytesView.dropFirst(74))

        #expect(throws: SealingError(.headerNotAuthentic)) {
            try FLOEVector.open(sealed, key: SymmetricKey(size: .bits256), associatedData: [9])
        }
        #expect(throws: SealingError(.headerNotAuthentic)) {
            try FLOEVector.open(sealed, key: key, associatedData: [8])
        }
        #expect(throws: SealingError(.segmentNotAuthentic, segmentIndex: 0)) {
            try FLOEVector.open(spliced, key: key, associatedData: [9])
        }
    }

    @Test(arguments: [0, 32, 16 * 1_024 * 1_024 + 1])
    func `segment lengths outside the limits are refused`(length: Int) {
        #expect(throws: SealingError(.unsupportedParameters)) { try FLOEParameters(segmentLength: length) }
    }

    private func seal(count: Int, seed: UInt64 = 1) throws -> ByteBuffer {
        var sealer = FLOESealer(
            key: key,
            associatedData: [9],
            parameters: try FLOEParameters(segmentLength: 64),
            random: SeededRandomSource(seed: seed)
        )
        var sealed = sealer.header
        try sealer.update(ByteBuffer(repeating: 0x5A, count: count), into: &sealed)
        try sealer.finish(into: &sealed)
        return sealed
    }
}
