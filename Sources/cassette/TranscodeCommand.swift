import ArgumentParser
import DICOMCoding
import DICOMCore
import NIOCore
import Platform

/// A file in another uncompressed Transfer Syntax.
struct TranscodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transcode",
        abstract: "Write a DICOM file in another uncompressed Transfer Syntax.",
        discussion: """
            Values, order and Value Representations stay as they are; nothing is decompressed. The new file appears when it \
            is complete. Transfer Syntaxes by keyword or UID: \(TranscodeTarget.choices).
            """
    )

    @Option(help: "The Transfer Syntax: a keyword or UID.")
    var to: TranscodeTarget
    @Option(name: .shortAndLong, help: "The new file; - for standard output.")
    var output: String
    @Flag(help: "Print JSON (on standard error if the file goes to standard output).")
    var json = false
    @Argument(help: "The file.")
    var file: String

    func run() throws {
        var transcoder = FileTranscoder(
            to: to.transferSyntax,
            limits: .stored,
            implementationClassUID: Implementation.classUID,
            implementationVersionName: Implementation.versionName
        )
        do {
            if output == "-" {
                try run(&transcoder) { bytes, _ in Console.pour(bytes) }
            } else {
                try writeFile(&transcoder)
            }
        } catch let error as DataSetError where error.code == .notEncodable {
            throw CommandFailure(
                "\(file): Pixel Data is not in the Data Set as it is (\(transcoder.sourceTransferSyntax?.name ?? "")), "
                    + "and this command decompresses nothing"
            )
        } catch let error as DataSetError {
            throw CommandFailure("\(file): \(error)")
        } catch let error as DiskError {
            throw CommandFailure("\(error)")
        }
        tell(transcoder)
    }

    /// Writes beside the file that is to be, so that nothing half-written ever bears its name.
    private func writeFile(_ transcoder: inout FileTranscoder) throws {
        let disk = PosixDisk()
        let draft = output + ".new"
        let target = try disk.open(draft, .createNew)
        do {
            try run(&transcoder) { bytes, offset in try target.write(bytes, at: offset) }
            try target.close()
            try disk.rename(draft, to: output)
        } catch {
            try? target.close()
            try? disk.unlink(draft)
            throw error
        }
    }

    private func run(_ transcoder: inout FileTranscoder, _ write: (ByteBuffer, UInt64) throws -> Void) throws {
        let source = try PosixDisk().open(file, .read)
        defer { try? source.close() }
        var position: UInt64 = 0
        var written: UInt64 = 0
        while true {
            let chunk = try source.read(at: position, count: FileChunks.chunkLength)
            position += UInt64(chunk.readableBytes)
            let isEnd = chunk.readableBytes == 0
            let bytes = try isEnd ? transcoder.finish() : transcoder.transcode(chunk)
            if bytes.readableBytes > 0 { try write(bytes, written) }
            written += UInt64(bytes.readableBytes)
            if isEnd { return }
        }
    }

    private func tell(_ transcoder: FileTranscoder) {
        let source = transcoder.sourceTransferSyntax
        let kinds = Set(transcoder.quirks.map(\.kind)).sorted { $0.rawValue < $1.rawValue }
        guard !json else {
            let text = JSONText.object([
                ("from", source.map { JSONText.string($0.uid.string) } ?? "null"),
                ("to", JSONText.string(to.transferSyntax.uid.string)),
                ("elements", String(transcoder.elementCount)),
                ("quirks", JSONText.array(kinds.map { JSONText.string($0.rawValue) })),
            ])
            return output == "-" ? Console.complain(text) : Console.say(text)
        }
        for kind in kinds { Console.complain("\(file): \(kind.text) (\(kind.rule))") }
        guard output != "-" else { return }
        Console.say(
            "\(output): \(transcoder.elementCount) elements, \(source?.name ?? "unknown") to \(to.transferSyntax.name)"
        )
    }
}

/// A Transfer Syntax that can be written, as typed.
struct TranscodeTarget: ExpressibleByArgument {
    private static let keywords: [(keyword: String, transferSyntax: TransferSyntax)] =
        FileTranscoder.targets.map { ((UIDDictionary.entry(for: $0.uid)?.keyword ?? $0.uid.string), $0) }

    /// The keywords, for people.
    static let choices = keywords.map(\.keyword).joined(separator: ", ")

    let transferSyntax: TransferSyntax

    init?(argument: String) {
        let wanted = argument.lowercased()
        let match = Self.keywords.first {
            $0.keyword.lowercased() == wanted || $0.transferSyntax.uid.string == argument
        }
        guard let match else { return nil }
        transferSyntax = match.transferSyntax
    }

    static let allValueStrings = keywords.map(\.keyword)
}
