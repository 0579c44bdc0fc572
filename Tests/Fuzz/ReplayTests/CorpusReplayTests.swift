import Foundation
import FuzzGatewayProperties
import FuzzPixelProperties
import FuzzProperties
import NIOCore
import Testing

/// Every input that a fuzzer found worth keeping, crashes of the past among them, checked again on each run.
@Suite struct `Replaying the corpus of the fuzz targets` {
    private static let targets: [any FuzzTarget.Type] = [
        PDUTarget.self, CommandSetTarget.self, DataSetTarget.self, Part10Target.self, DeflateTarget.self,
        EditTarget.self, JSONTarget.self, XMLTarget.self, TextTarget.self, ValueTarget.self,
        DeidentificationTarget.self, MultipartTarget.self,
        RequestTarget.self, ConsentTarget.self, RLETarget.self, JPEGTarget.self, JPEGLSTarget.self, JPEG2000Target.self,
        HTJ2KTarget.self,
    ]

    private static let corpus = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "Corpus")

    private static func inputs(of target: any FuzzTarget.Type) throws -> [(name: String, bytes: ByteBuffer)] {
        let folder = corpus.appending(path: target.name)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return try files.sorted { $0.path < $1.path }.map { file in
            (file.lastPathComponent, ByteBuffer(bytes: try Data(contentsOf: file)))
        }
    }

    private static func violation(of target: any FuzzTarget.Type, _ input: ByteBuffer) -> String? {
        do throws(PropertyViolation) {
            try target.check(input)
            try target.parse(input)
            return nil
        } catch {
            return error.description
        }
    }

    @Test(arguments: targets.indices) func `all properties hold for all inputs`(index: Int) throws {
        let target = Self.targets[index]
        let inputs = try Self.inputs(of: target)

        let violations = inputs.compactMap { input in
            Self.violation(of: target, input.bytes).map { "\(target.name)/\(input.name): \($0)" }
        }

        #expect(violations == [])
        #expect(!inputs.isEmpty)
    }

    @Test(arguments: targets.indices) func `all properties hold for each beginning of a seed`(index: Int) throws {
        let target = Self.targets[index]
        let seeds = try Self.inputs(of: target).filter { $0.name.hasPrefix("seed-") }

        let violations = seeds.flatMap { seed in
            (0..<seed.bytes.readableBytes).compactMap { length in
                Self.violation(of: target, ByteBuffer(bytes: seed.bytes.readableBytesView.prefix(length)))
                    .map { "\(target.name)/\(seed.name), \(length) bytes: \($0)" }
            }
        }

        #expect(violations == [])
        #expect(!seeds.isEmpty)
    }

    @Test func `each folder of the corpus belongs to a target`() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.corpus.path)

        #expect(folders.sorted() == Self.targets.map { $0.name }.sorted())
    }

    @Test func `the corpus stays small`() throws {
        let inputs = try Self.targets.map { try Self.inputs(of: $0) }

        #expect(inputs.allSatisfy { $0.count <= 200 })
        #expect(inputs.joined().reduce(0) { $0 + $1.bytes.readableBytes } <= 1 << 20)
    }
}
