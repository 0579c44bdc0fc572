import ArgumentParser
import CodecWorkers
import DICOMCore
import DICOMPixels
import Logging
import NIOCore
import NIOPosix
import Platform

/// What it costs that codecs run in processes of their own.
struct WorkerBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "Decode one frame again and again, in this process and in a worker, in turn.",
        discussion: "One line of JSON: microseconds for a frame, the median of the rounds."
    )

    @Option(help: "The program that is started as a worker.")
    var executable = ".build/release/cassette"
    @Option(help: "The Transfer Syntax UID.")
    var transferSyntax = "1.2.840.10008.1.2.4.202"
    @Option(help: "Rows and columns of 16 bits.")
    var side = 512
    @Option(help: "Rounds of each.")
    var rounds = 500

    func run() async throws {
        guard let uid = UID(transferSyntax) else { throw ValidationError("\(transferSyntax) is no UID.") }
        let transferSyntax = TransferSyntax(uid: uid)
        let workPool = WorkPool(threads: .singleton)
        let inProcess = InProcessCodec(workPool: workPool)
        let workers = CodecWorkerPool(
            executable: executable,
            count: 1,
            limits: PixelLimits(),
            workPool: workPool,
            logger: Logger(label: "cassette-bench")
        )
        let frame = try Self.frame(side)
        let encoded = try await inProcess.encode(frame, in: transferSyntax, options: EncodingOptions())
        let format = try frame.format.encoded(in: transferSyntax)
        var times: [String: [Double]] = [:]
        for _ in 0..<max(1, rounds) + 3 {
            for (name, codec) in [("inProcess", inProcess as any PixelCodec), ("worker", workers)] {
                let start = ContinuousClock.now
                let decoded = try await codec.decode(encoded, in: transferSyntax, as: format)
                times[name, default: []].append((ContinuousClock.now - start) / .microseconds(1))
                guard decoded.bytes == frame.bytes else { throw ValidationError("The frame is another.") }
            }
        }
        let medians = times.mapValues { Self.median(Array($0.dropFirst(3))) }
        let local = medians["inProcess"] ?? 0
        let remote = medians["worker"] ?? 0
        print(
            #"{"transferSyntax":"\#(transferSyntax)","side":\#(side),"encodedBytes":\#(encoded.readableBytes),"#
                + #""inProcess":\#(Int(local)),"worker":\#(Int(remote)),"overhead":\#(Int(remote - local))}"#
        )
    }

    /// A slope with noise in its lowest bits, as detectors make.
    private static func frame(_ side: Int) throws -> PixelFrame {
        let format = try PixelFormat(
            rows: side,
            columns: side,
            bitsAllocated: 16,
            bitsStored: 12,
            photometricInterpretation: .monochrome2
        )
        var bytes = ByteBuffer()
        var state: UInt32 = 1
        for row in 0..<side {
            for column in 0..<side {
                state = state &* 1_664_525 &+ 1_013_904_223
                bytes.writeInteger(UInt16((row * 3 + column * 2) % 4_000) + UInt16(state >> 27), endianness: .little)
            }
        }
        return try PixelFrame(format, bytes)
    }

    private static func median(_ times: [Double]) -> Double {
        let sorted = times.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
}
