import ArgumentParser
import DICOMCoding
import DICOMCore
import NIOCore
import Platform

/// Attributes of a file changed, all else kept.
struct EditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit",
        abstract: "Change attributes of a DICOM file and keep every other byte.",
        discussion: """
            Attributes by keyword or tag, in sequences by path: `--set 'RequestAttributesSequence[0].ScheduledProcedureStepID=1'`, \
            `[*]` for all items; private ones by creator: `--remove '(0029,"SIEMENS CSA HEADER",10)'`. A backslash \
            separates values; PATH:VR=VALUE tells the VR of what no dictionary knows. All edits are done at once: paths mean \
            the file as it was. The new file appears when it is complete.
            """
    )

    @Option(
        name: .long,
        parsing: .singleValue,
        help: "PATH=VALUE: give an attribute a value, and add it if it is not there."
    )
    var set: [String] = []
    @Option(name: .long, parsing: .singleValue, help: "PATH: take an attribute or item out.")
    var remove: [String] = []
    @Option(
        name: .long,
        parsing: .singleValue,
        help: "PATH: take the value of an attribute, or the content of an item."
    )
    var empty: [String] = []
    @Option(help: "A file with edits in JSON: [{\"op\": \"set\", \"path\": ..., \"value\": [...]}].")
    var edits: String?
    @Flag(help: "Turn all text into UTF-8.")
    var utf8 = false
    @Option(help: "Note previous values in Original Attributes Sequence, with this reason: coerce or correct.")
    var noteOriginals: NoteReason?
    @Option(name: .shortAndLong, help: "The new file; - for standard output.")
    var output: String
    @Flag(help: "Replace the new file if there is one.")
    var force = false
    @Flag(help: "Print JSON (on standard error if the file goes to standard output).")
    var json = false
    @Argument(help: "The file.")
    var file: String

    enum NoteReason: String, ExpressibleByArgument, CaseIterable {
        case coerce
        case correct
    }

    func validate() throws {
        _ = try typedEdits()
        guard utf8 || edits != nil || !set.isEmpty || !remove.isEmpty || !empty.isEmpty else {
            throw ValidationError("Say what to change: --set, --remove, --empty, --edits or --utf8")
        }
    }

    func run() async throws {
        do {
            let newFile = try OutputFile(output, isForced: force, reading: file)
            let edits = try allEdits()
            let edit = try plan(edits)
            try await write(edit, to: newFile)
            tell(edit, edits)
        } catch let error as EditError {
            throw CommandFailure("\(file): \(error)")
        } catch let error as DiskError {
            throw CommandFailure("\(file): \(error)")
        }
    }

    private func typedEdits() throws -> [AttributeEdit] {
        do {
            return try set.map { try AttributeEdit(assignment: $0) }
                + remove.map { try AttributeEdit(AttributePath($0), .remove) }
                + empty.map { try AttributeEdit(AttributePath($0), .empty) }
        } catch let error as EditError {
            throw ValidationError(error.description)
        }
    }

    private func allEdits() throws -> [AttributeEdit] {
        guard let edits else { return try typedEdits() }
        var input = try InputBytes(edits)
        defer { input.close() }
        var text = ByteBuffer()
        while let bytes = try input.next() {
            text.writeImmutableBuffer(bytes)
            guard text.readableBytes <= 16 << 20 else {
                throw CommandFailure("\(edits) is too long for a list of edits")
            }
        }
        do {
            return try AttributeEdit.list(json: text) + typedEdits()
        } catch let error as EditError {
            throw CommandFailure("\(edits): \(error)")
        }
    }

    private var options: EditOptions {
        var options = EditOptions()
        if utf8 { options.characterSet = .utf8 }
        if let noteOriginals {
            options.originalAttributes = OriginalAttributes(
                dateTime: Self.dateTime(SystemWallClock().now()),
                modifyingSystem: Implementation.versionName,
                reason: noteOriginals == .coerce ? .coerce : .correct
            )
        }
        return options
    }

    private func plan(_ edits: [AttributeEdit]) throws -> FileEdit {
        var editor = FileEditor(edits, options: options)
        try read { try editor.append($0) }
        return try editor.finish()
    }

    private func read(_ take: (ByteBuffer) throws -> Void) throws {
        let source = try PosixDisk().open(file, .read)
        defer { try? source.close() }
        var position: UInt64 = 0
        while true {
            let chunk = try source.read(at: position, count: FileChunks.chunkLength)
            guard chunk.readableBytes > 0 else { return }
            position += UInt64(chunk.readableBytes)
            try take(chunk)
        }
    }

    private func write(_ edit: FileEdit, to newFile: OutputFile) async throws {
        let source = try PosixDisk().open(file, .read)
        defer { try? source.close() }
        var patcher = FilePatcher(edit)
        var position: UInt64 = 0
        var isAtEnd = false
        try await newFile.write {
            guard !isAtEnd else { return nil }
            let chunk = try source.read(at: position, count: FileChunks.chunkLength)
            position += UInt64(chunk.readableBytes)
            isAtEnd = chunk.readableBytes == 0
            var bytes = ByteBuffer()
            for piece in try isAtEnd ? patcher.finish() : patcher.patch(chunk) { bytes.writeImmutableBuffer(piece) }
            return bytes
        }
    }

    private func tell(_ edit: FileEdit, _ edits: [AttributeEdit]) {
        for tag in edit.plan.unrecorded {
            Console.complain("\(file): the previous value of \(AttributeName.tag(tag)) is too long to be noted")
        }
        let counts = zip(edits, edit.plan.changeCounts)
        if json {
            let rows = counts.map { edit, count in
                JSONText.object([("path", JSONText.string(edit.path.description)), ("changes", String(count))])
            }
            let text = JSONText.object([
                ("edits", JSONText.array(rows)), ("lengthChange", String(edit.plan.patch.lengthChange)),
            ])
            return output == "-" ? Console.complain(text) : Console.say(text)
        }
        for (edit, count) in counts where count == 0 {
            Console.complain("\(file): nothing to change at \(edit.path)")
        }
        guard output != "-" else { return }
        let places = edit.plan.changeCounts.reduce(0, +)
        Console.say("\(output): \(places) \(places == 1 ? "change" : "changes")")
    }

    /// A time as VR DT writes it, in UTC.
    private static func dateTime(_ time: Timestamp) -> String {
        // "2026-01-02T03:04:05.678Z": digits in the order of DT, which ends with the offset from UTC.
        let digits = time.description.utf8.filter { (0x30...0x39).contains($0) }
        return String(decoding: digits.prefix(14), as: UTF8.self) + "+0000"
    }
}
