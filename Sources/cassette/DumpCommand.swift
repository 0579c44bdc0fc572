import ArgumentParser
import DICOMCoding
import DICOMCore
import NIOCore

/// The contents of DICOM files, for people and for programs.
struct DumpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump",
        abstract: "Show what is in DICOM files.",
        discussion: """
            A line for each element: tag, VR, length, keyword, value; of private elements their creator. Long values are \
            shortened unless --full is given. `-` reads standard input. Files may also hold Data Sets as text, in one \
            of the models below.

            --json writes the DICOM JSON model (PS3.18 F), one line for each file; --xml the Native DICOM Model (PS3.19 \
            A.1). All values are in the text, unless --bulk-threshold makes longer ones references: \
            file:///PATH?offset=N&length=N, counted in bytes from the first byte of the file, where the value stands as \
            the Transfer Syntax has it. Encapsulated Pixel Data is a reference whatever its length. Values of deflated \
            files have no place in the file and stay in the text.
            """
    )

    @Flag(help: "Print the DICOM JSON model.")
    var json = false
    @Flag(help: "Print the Native DICOM Model in XML.")
    var xml = false
    @Flag(help: "With --json or --xml: the File Meta Information too.")
    var meta = false
    @Flag(help: "Print long values in full.")
    var full = false
    @Option(help: "With --json or --xml: write values of more bytes as references.")
    var bulkThreshold: Int?
    @Argument(help: "Files; - reads standard input.")
    var files: [String] = []

    func validate() throws {
        guard !files.isEmpty else { throw ValidationError("Name a file to show, or - for standard input") }
        guard !json || !xml else { throw ValidationError("Choose --json or --xml, not both") }
        guard !xml || files.count == 1 else {
            throw ValidationError("--xml writes one document: name one file, or use --json for several")
        }
        guard json || xml || (bulkThreshold == nil && !meta) else {
            throw ValidationError("--bulk-threshold and --meta go with --json or --xml")
        }
        if let bulkThreshold {
            guard bulkThreshold >= 0 else { throw ValidationError("--bulk-threshold wants a number of bytes") }
            guard !files.contains(InputBytes.standardInput) else {
                throw ValidationError("--bulk-threshold needs files: bytes of standard input have no address")
            }
        }
    }

    func run() throws {
        var output = OutputText()
        var hasFailed = false
        for file in files {
            do {
                try dump(file, into: &output)
                output.flush()
            } catch {
                output.flush()
                hasFailed = true
                let name = file == InputBytes.standardInput ? "standard input" : file
                Console.complain("Error: " + (error is CommandFailure ? "\(error)" : "\(name): \(error)\(hint(error))"))
            }
        }
        if hasFailed { throw ExitCode.failure }
    }

    private func hint(_ error: any Error) -> String {
        guard let error = error as? DataSetError else { return "" }
        return switch error.code {
        case .lengthExceedsLimit where bulkThreshold == nil && (json || xml): "; try --bulk-threshold 65536"
        case .notDICOM: "; it begins like no DICOM object"
        case .documentTypeDeclaration: "; remove the document type, of which nothing is ever read"
        case .encodingNotUTF8: "; convert the text to UTF-8, for example with iconv"
        default: ""
        }
    }

    private func dump(_ path: String, into output: inout OutputText) throws {
        var input = try InputBytes(path)
        defer { input.close() }
        var first = try input.next()
        if let opening = first, let objects = try ModelInput.objects(opening, &input) {
            try dump(objects, of: path, into: &output)
            return
        }
        var reception = Part10Decoder()
        var rest: ByteBuffer?
        while reception.header == nil, let bytes = try first ?? input.next() {
            first = nil
            rest = try reception.read(bytes)
        }
        if reception.header == nil { rest = try reception.finish() }
        guard let header = reception.header else { throw DataSetError(.truncated, at: 0) }
        var sink = sink(of: path, header.transferSyntax, dataSetOffset: header.dataSetOffset)
        sink.begin(header, into: &output)
        var decoder = DataSetDecoder(
            transferSyntax: header.transferSyntax,
            thresholds: thresholds(header.transferSyntax),
            tolerance: .salvage
        )
        while let bytes = try rest ?? input.next() {
            rest = nil
            decoder.append(bytes)
            try drain(&decoder, &sink, into: &output)
        }
        try decoder.finish()
        try drain(&decoder, &sink, into: &output)
        sink.finish(quirks: decoder.quirks, of: decoder.quirkCount, into: &output)
        // What is shown is not all, and programs that read it should know.
        if let loss = decoder.quirks.first(where: { $0.kind == .truncatedValue || $0.kind == .trailingBytes }) {
            throw CommandFailure(
                "\(path): \(loss.kind.text), at offset \(loss.offset) of the Data Set; the rest is shown"
            )
        }
    }

    /// Shows Data Sets that came as text.
    private func dump(_ objects: [ModelObject], of path: String, into output: inout OutputText) throws {
        guard !xml || objects.count == 1 else {
            throw CommandFailure("\(path) holds \(objects.count) Data Sets, and --xml writes one: use --json")
        }
        let referenceCount = objects.reduce(0) { $0 + $1.references.count }
        if referenceCount > 0 {
            Console.complain("\(path): \(referenceCount) values are references to bulk elsewhere, and are left out")
        }
        let transferSyntax = TransferSyntax.explicitVRLittleEndian
        for object in objects {
            // No address can be given for values that are not in the file as bytes: all stay in the text.
            var sink = sink(of: path, transferSyntax, dataSetOffset: nil)
            var decoder = DataSetDecoder(transferSyntax: transferSyntax, thresholds: BulkThresholds(textLength: .max))
            decoder.append(try DataSetEncoder.encode(object.dataSet, in: transferSyntax))
            try drain(&decoder, &sink, into: &output)
            try decoder.finish()
            sink.finish(quirks: [], of: 0, into: &output)
        }
    }

    private func drain(
        _ decoder: inout DataSetDecoder,
        _ sink: inout any DumpSink,
        into output: inout OutputText
    ) throws(DataSetError) {
        while let token = try decoder.next() { sink.accept(token, into: &output) }
    }

    private func sink(
        of path: String,
        _ transferSyntax: TransferSyntax,
        dataSetOffset: UInt64?
    ) -> any DumpSink {
        guard json || xml else {
            let name = path == InputBytes.standardInput ? "standard input" : path
            return DataSetListing(name: name, isFull: full, hasColours: Console.hasColours)
        }
        var uri: ModelWriter.BulkDataURI?
        if let bulkThreshold, let dataSetOffset, !transferSyntax.isDeflated {
            let address = FileAddress(path, dataSetOffset: dataSetOffset)
            uri = { _, bulk in
                bulk.isEncapsulated || bulk.length > bulkThreshold ? address.uri(of: bulk) : nil
            }
        }
        let writer = ModelWriter(json ? .json : .xml, bulkDataURI: uri)
        return ModelText(writer: writer, includesMeta: meta)
    }

    private func thresholds(_ transferSyntax: TransferSyntax) -> BulkThresholds {
        guard json || xml else { return BulkThresholds() }
        // Binary values are the same text whether they pass in pieces or not; text must be decoded as a whole.
        guard let bulkThreshold, !transferSyntax.isDeflated else { return BulkThresholds(textLength: .max) }
        return BulkThresholds(binaryLength: min(bulkThreshold, 64 << 10), textLength: bulkThreshold)
    }
}
