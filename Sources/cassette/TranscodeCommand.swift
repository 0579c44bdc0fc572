import ArchiveServices
import ArgumentParser
import DICOMCoding
import DICOMCore
import DICOMPixels
import Logging
import NIOCore
import Platform

/// A file in another Transfer Syntax.
struct TranscodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transcode",
        abstract: "Write a DICOM file in another Transfer Syntax.",
        discussion: """
            Elements, their order and their values stay as they are; frames are decoded and encoded one after the other, \
            and what describes them follows. What a lossless Transfer Syntax holds was decoded again and compared. The new \
            file appears when it is complete. Nothing is lost unless --lossy says so; then the new file is another object, \
            derived from the first, with a SOP Instance UID of its own. Transfer Syntaxes by keyword or UID: \
            \(TranscodeTarget.choices).
            """
    )

    @Option(
        help: "The Transfer Syntax: a keyword or UID.",
        completion: .list(TranscodeTarget.allValueStrings),
        transform: TranscodeTarget.init
    )
    var to: TranscodeTarget
    @Option(name: .shortAndLong, help: "The new file; - for standard output.")
    var output: String
    @Flag(help: "Allow a Transfer Syntax that loses.")
    var lossy = false
    @Option(help: "Quality of lossy JPEG and JPEG 2000, 1 (small) to 100 (good).")
    var quality = EncodingOptions().quality
    @Option(help: "The largest difference of a sample in near-lossless JPEG-LS.")
    var nearLossless = EncodingOptions().nearLossless
    @Flag(help: "Replace the new file if there is one.")
    var force = false
    @Flag(help: "Print JSON (on standard error if the file goes to standard output).")
    var json = false
    @Argument(help: "The file.")
    var file: String

    func validate() throws {
        guard (1...100).contains(quality) else { throw ValidationError("--quality is a number from 1 to 100") }
        guard (1...255).contains(nearLossless) else {
            throw ValidationError("--near-lossless is a number from 1 to 255")
        }
        guard to.transferSyntax.lossyMethod == nil || lossy else {
            throw ValidationError("\(to.transferSyntax.name) loses: add --lossy if that may be")
        }
    }

    func run() async throws {
        do {
            // Before any work is done.
            _ = try newFile()
            let source = try open()
            defer { try? source.close() }
            let result = try await transcode(source)
            tell(result)
        } catch let error as DataSetError where error.code == .notEncodable {
            throw CommandFailure("\(file): Pixel Data has no form in \(to.transferSyntax.name) (\(error))")
        } catch let error as DataSetError {
            throw CommandFailure("\(file): \(error)")
        } catch let error as TranscodingError {
            throw CommandFailure("\(file): \(error)")
        } catch let error as DiskError {
            throw CommandFailure("\(error)")
        }
    }

    private func open() throws -> any DiskFile {
        do throws(DiskError) {
            return try PosixDisk().open(file, .read)
        } catch {
            throw CommandFailure("\(file): \(error)")
        }
    }

    private func newFile() throws -> OutputFile {
        // What is lost cannot be had again: not even on request does it take the place of what it was made from.
        guard to.transferSyntax.lossyMethod == nil || !OutputFile.isSame(output, file) else {
            throw CommandFailure(
                "\(output) is the file that is read, and \(to.transferSyntax.name) loses: choose another with -o"
            )
        }
        return try OutputFile(output, isForced: force, reading: file)
    }

    /// What was done.
    private struct Result {
        var source: TransferSyntax?
        var elementCount = 0
        var quirks: [Quirk] = []
        var summary: TranscodedObject.Summary?
    }

    private func transcode(_ source: any DiskFile) async throws -> Result {
        if to.transferSyntax.isNative, let header = try FileObject.header(of: source),
            header.transferSyntax.isNative || header.transferSyntax == .encapsulatedUncompressedExplicitVRLittleEndian
        {
            return try await rewrite(source)
        }
        let limits = try ArchiveLimits.fromEnvironment().pixels
        let codecs = CodecProcesses(limits.frame, Logger(label: "cassette") { _ in SwiftLogNoOpLogHandler() })
        do {
            let pixels = PixelService(codec: codecs.codec, pool: codecs.pool, limits: limits)
            let result = try await codecs.run { try await makeFrames(source, pixels, codecs.pool) }
            try await codecs.close()
            return result
        } catch {
            try await codecs.close()
            throw error
        }
    }

    /// Rewrites the Data Set; frames pass as they are.
    private func rewrite(_ source: any DiskFile) async throws -> Result {
        var transcoder = FileTranscoder(
            to: to.transferSyntax,
            limits: .stored,
            implementationClassUID: Implementation.classUID,
            implementationVersionName: Implementation.versionName
        )
        var position: UInt64 = 0
        var isAtEnd = false
        try await newFile().write {
            while !isAtEnd {
                let chunk = try source.read(at: position, count: FileChunks.chunkLength)
                position += UInt64(chunk.readableBytes)
                isAtEnd = chunk.readableBytes == 0
                let bytes = try isAtEnd ? transcoder.finish() : transcoder.transcode(chunk)
                if bytes.readableBytes > 0 { return bytes }
            }
            return nil
        }
        return Result(
            source: transcoder.sourceTransferSyntax,
            elementCount: transcoder.elementCount,
            quirks: transcoder.quirks
        )
    }

    /// Decodes and encodes the frames.
    private func makeFrames(
        _ source: any DiskFile,
        _ pixels: PixelService,
        _ pool: WorkPool
    ) async throws -> Result {
        let object = try FileObject(source, pool: pool)
        let progress = SharedProgress(ProgressBar(to.transferSyntax.name))
        defer { progress.finish() }
        let request = TranscodingRequest(
            to: to.transferSyntax,
            options: EncodingOptions(quality: quality, nearLossless: nearLossless),
            allowsLossy: lossy
        )
        let transcoded = try await pixels.transcode(object.source(progress), request)
        var bytes = transcoded.makeAsyncIterator()
        try await newFile().write { try await bytes.next() }
        return Result(
            source: object.scanned.part10.transferSyntax,
            elementCount: object.scanned.dataSet.elements.count,
            quirks: object.scanned.quirks,
            summary: transcoded.summary
        )
    }

    private func tell(_ result: Result) {
        let kinds = Set(result.quirks.map(\.kind)).sorted { $0.rawValue < $1.rawValue }
        let summary = result.summary
        guard !json else {
            let text = JSONText.object([
                ("from", result.source.map { JSONText.string($0.uid.string) } ?? "null"),
                ("to", JSONText.string(to.transferSyntax.uid.string)),
                ("elements", String(result.elementCount)),
                ("frames", String(summary?.frameCount ?? 0)),
                ("lossy", summary?.isLossy == true ? "true" : "false"),
                ("wasLossy", summary?.wasLossy == true ? "true" : "false"),
                ("sopInstanceUID", summary?.newSOPInstanceUID.map { JSONText.string($0.string) } ?? "null"),
                ("quirks", JSONText.array(kinds.map { JSONText.string($0.rawValue) })),
            ])
            return output == "-" ? Console.complain(text) : Console.say(text)
        }
        for kind in kinds { Console.complain("\(file): \(kind.text) (\(kind.rule))") }
        if summary?.wasLossy == true, summary?.isLossy == false {
            Console.complain("\(file): what an earlier lossy compression took away is not brought back")
        }
        if let uid = summary?.newSOPInstanceUID {
            Console.complain("\(file): with loss it is another object, SOP Instance UID \(uid)")
        }
        guard output != "-" else { return }
        let frames = summary.map { $0.frameCount == 1 ? ", 1 frame" : ", \($0.frameCount) frames" } ?? ""
        Console.say(
            "\(output): \(result.elementCount) elements\(frames), "
                + "\(result.source?.name ?? "unknown") to \(to.transferSyntax.name)"
        )
    }
}
