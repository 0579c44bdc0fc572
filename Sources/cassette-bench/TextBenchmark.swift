import ArgumentParser
import CodecWorkers
import DICOMCoding
import DICOMCore
import DICOMPixels
import Deidentification
import Foundation
import NIOCore
import NIOPosix
import Platform

/// What is found of text that is burned in, and what that costs.
struct TextBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "text",
        abstract: "Plan the cleaning of the pixels of DICOM files.",
        discussion: """
            One line of JSON for each file: what is decided, the rectangles that become black, the frames that were searched, \
            and seconds of processor time. Text is read in this process; set OMP_THREAD_LIMIT=1.
            """
    )

    @Argument(help: "DICOM files.")
    var files: [String]
    @Option(help: "What a word must reach to be taken for text, of 100.")
    var confidence = PixelCleaningSettings().confidence
    @Option(help: "A value of an identifying attribute.")
    var identifier: [String] = []

    func run() async throws {
        var settings = PixelCleaningSettings()
        settings.confidence = confidence
        let cleaner = PixelCleaner(
            settings: settings,
            codec: InProcessCodec(workPool: WorkPool(threads: .singleton)),
            recognizer: InProcessTextRecognizer()
        )
        let identifiers = IdentifierMatcher(identifier)
        for file in files {
            let source = try Self.source(ByteBuffer(bytes: Data(contentsOf: URL(fileURLWithPath: file))))
            let start = Self.processorSeconds
            let plan = try await cleaner.plan(source, options: [.cleanPixelData], identifiers: identifiers)
            let seconds = Self.processorSeconds - start
            let masks = plan.masks.map { mask in
                let box = mask.rectangle
                return "[\(box.x),\(box.y),\(box.width),\(box.height)]"
            }
            let reason = if case .exclude(let reason) = plan.decision { reason } else { "" }
            print(
                #"{"file":"\#(file)","excluded":"\#(reason)","masks":[\#(masks.joined(separator: ","))],"#
                    + #""searched":\#(plan.searchedFrames?.count ?? 0),"seconds":\#(seconds)}"#
            )
        }
    }

    private static func source(_ file: ByteBuffer) throws -> PixelSource {
        var scanner = PixelDataScanner(limits: .stored)
        try scanner.scan(file)
        let scanned = try scanner.finish()
        let start = Int(scanned.part10.dataSetOffset)
        let dataSet = file.getSlice(at: start, length: file.readableBytes - start)
        let index = scanned.frameIndex
        return PixelSource(
            header: scanned.dataSet,
            transferSyntax: scanned.part10.transferSyntax,
            frameIndex: index
        ) { frame in
            var bytes = ByteBuffer()
            // Our own files, of one frame each.
            for range in index?.byteRanges(frameIndex: frame) ?? [] {
                guard var part = dataSet?.getSlice(at: Int(range.lowerBound), length: range.count) else { continue }
                bytes.writeBuffer(&part)
            }
            return bytes
        }
    }

    private static var processorSeconds: Double {
        var time = timespec()
        // The structure lives for the call.
        _ = unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
