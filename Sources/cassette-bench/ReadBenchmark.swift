import ArgumentParser
import DICOMCoding
import DICOMCore
import Glibc
import NIOCore
import Platform

/// How fast files are read.
struct ReadBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read",
        abstract: "Decode files that are in memory, again and again.",
        discussion: "One line of JSON for each file and way of reading."
    )

    /// What is made of the bytes.
    enum Way: String, CaseIterable, ExpressibleByArgument {
        /// The tokens only.
        case tokens
        /// All that ingest does: identity, header in memory, frame index.
        case scan
        /// The Data Set in memory.
        case tree
    }

    @Option(help: "Times that each file is read.")
    var rounds = 100
    @Option(help: "What is made of the bytes: tokens, scan or tree; all of them by default.")
    var way: Way?
    @Argument(help: "Files.")
    var files: [String]

    func run() throws {
        for path in files {
            let content = try Self.content(path)
            for way in way.map({ [$0] }) ?? Way.allCases {
                print(try Self.measure(path, content, way, rounds: rounds).json)
            }
        }
    }

    /// A file in pieces such as the archive reads them in.
    private static func content(_ path: String) throws -> [ByteBuffer] {
        let file = try PosixDisk().open(path, .read)
        defer { try? file.close() }
        var chunks: [ByteBuffer] = []
        var position: UInt64 = 0
        while true {
            let chunk = try file.read(at: position, count: 512 << 10)
            guard chunk.readableBytes > 0 else { return chunks }
            position += UInt64(chunk.readableBytes)
            chunks.append(chunk)
        }
    }

    private static func measure(
        _ path: String,
        _ content: [ByteBuffer],
        _ way: Way,
        rounds: Int
    ) throws -> ReadMeasurement {
        var result = ReadMeasurement(path: path, way: way.rawValue, rounds: rounds)
        result.byteCount = content.reduce(0) { $0 + $1.readableBytes }
        // Elements in items count, too. This also reads the dictionary, which is done once.
        result.elementCount = try read(content, .tokens)
        let start = clock()
        for _ in 0..<rounds { _ = try read(content, way) }
        result.seconds = Double(clock() - start) / Double(CLOCKS_PER_SEC)
        return result
    }

    /// Reads all; returns the tokens' elements, items not counted.
    private static func read(_ content: [ByteBuffer], _ way: Way) throws -> Int {
        var part10 = Part10Decoder()
        var reader: Reader?
        for chunk in content {
            guard let rest = try part10.read(chunk) else { continue }
            if reader == nil, let header = part10.header { reader = Reader(header.transferSyntax, way) }
            try reader?.take(rest)
        }
        if let rest = try part10.finish(), let header = part10.header {
            reader = Reader(header.transferSyntax, way)
            try reader?.take(rest)
        }
        return try reader?.finish() ?? 0
    }

    /// Reads a Data Set in one of the ways.
    private struct Reader {
        var decoder: DataSetDecoder?
        var scanner: InstanceScanner?
        var whole: ByteBuffer?
        let transferSyntax: TransferSyntax
        var count = 0

        init(_ transferSyntax: TransferSyntax, _ way: Way) {
            self.transferSyntax = transferSyntax
            switch way {
            case .tokens: decoder = DataSetDecoder(transferSyntax: transferSyntax)
            case .scan: scanner = InstanceScanner(transferSyntax: transferSyntax)
            case .tree: whole = ByteBuffer()
            }
        }

        mutating func take(_ bytes: ByteBuffer) throws(DataSetError) {
            decoder?.append(bytes)
            try drain()
            try scanner?.scan(bytes)
            whole?.writeImmutableBuffer(bytes)
        }

        mutating func finish() throws(DataSetError) -> Int {
            try decoder?.finish()
            try drain()
            _ = try scanner?.finish()
            if let whole { _ = try DataSetReader.dataSet(from: whole, transferSyntax: transferSyntax) }
            return count
        }

        private mutating func drain() throws(DataSetError) {
            while let token = try decoder?.next() {
                switch token {
                case .element, .beginSequence, .beginBulk, .beginFragments: count += 1
                default: break
                }
            }
        }
    }
}

/// What reading one file cost.
private struct ReadMeasurement {
    let path: String
    let way: String
    let rounds: Int
    var byteCount = 0
    var elementCount = 0
    var seconds = 0.0

    var json: String {
        let total = Double(max(1, elementCount * rounds))
        let megabytes = Double(byteCount * rounds) / 1e6
        return """
            {"file": "\(path)", "way": "\(way)", "rounds": \(rounds), "bytes": \(byteCount), \
            "elements": \(elementCount), "seconds": \(seconds), \
            "nanosecondsPerElement": \(rounded(seconds * 1e9 / total)), \
            "elementsPerSecond": \(rounded(total / max(seconds, 1e-9))), \
            "megabytesPerSecond": \(rounded(megabytes / max(seconds, 1e-9)))}
            """
    }

    private func rounded(_ number: Double) -> Double { (number * 10).rounded() / 10 }
}
