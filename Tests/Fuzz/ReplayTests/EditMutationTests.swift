import Foundation
import FuzzProperties
import NIOCore
import Testing

/// A few thousand changed seeds on each run: the fuzzer itself runs for longer.
@Suite struct `Changing the seeds of the edit target` {
    private static let rounds =
        ProcessInfo.processInfo.environment["CASSETTE_EDIT_MUTATIONS"].flatMap { Int($0) } ?? 3_000

    private static let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "Corpus/Edit")

    /// A generator whose numbers follow from its seed alone.
    private struct Mutations {
        var state: UInt64

        mutating func number(below limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return limit > 0 ? Int(state >> 33) % limit : 0
        }

        /// Changes, doubles, moves or drops some bytes; sometimes takes the end of another seed.
        mutating func mutated(_ seed: [UInt8], _ other: [UInt8]) -> [UInt8] {
            var bytes = seed
            for _ in 0...number(below: 4) {
                let place = number(below: bytes.count)
                let length = min(1 + number(below: 16), bytes.count - place)
                guard length > 0 else { break }
                switch number(below: 6) {
                case 0: bytes[place] = UInt8(number(below: 256))
                case 1: bytes[place] ^= 1 << UInt8(number(below: 8))
                case 2: bytes.removeSubrange(place..<place + length)
                case 3: bytes.insert(contentsOf: Array(bytes[place..<place + length]), at: place)
                case 4: bytes.insert(contentsOf: Array(bytes[place..<place + length]), at: number(below: bytes.count))
                default: bytes = Array(bytes.prefix(place)) + other.suffix(number(below: other.count))
                }
            }
            return bytes
        }
    }

    @Test func `all properties hold for changed seeds`() throws {
        let files = try FileManager.default.contentsOfDirectory(at: Self.folder, includingPropertiesForKeys: nil)
        let seeds = try files.sorted { $0.path < $1.path }.map { Array(try Data(contentsOf: $0)) }
        var mutations = Mutations(state: 17)
        var violations: [String] = []

        for _ in 0..<Self.rounds where violations.count < 5 {
            let seed = seeds[mutations.number(below: seeds.count)]
            let input = mutations.mutated(seed, seeds[mutations.number(below: seeds.count)])
            do throws(PropertyViolation) {
                try EditTarget.check(ByteBuffer(bytes: input))
            } catch {
                violations.append("\(error.description) for \(Data(input).base64EncodedString())")
            }
        }

        #expect(violations == [])
    }
}
