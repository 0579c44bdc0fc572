import DICOMCoding
import DICOMCore
import NIOCore

/// What must hold for a Data Set in the DICOM JSON model and in the Native DICOM Model.
enum ModelProperties {
    /// Texts are longer than the values in them.
    private static let limits: DataSetLimits = {
        var limits = DataSetTarget.limits
        limits.headerLength = 1 << 20
        // A value is counted as an element in XML, whose numbers may leave some out.
        limits.elementCount = 100_000
        return limits
    }()

    static func readXML(_ text: ByteBuffer, limits: DataSetLimits = DataSetTarget.limits) -> ModelObject? {
        do throws(DataSetError) {
            return try NativeXMLReader.object(from: text, limits: limits)
        } catch {
            return nil
        }
    }

    static func readJSON(_ text: ByteBuffer, limits: DataSetLimits = DataSetTarget.limits) -> [ModelObject]? {
        do throws(DataSetError) {
            return try DICOMJSONReader.dataSets(from: text, limits: limits)
        } catch {
            return nil
        }
    }

    /// The path of a reference is one that its text form gives back.
    static func checkReferences(in object: ModelObject) throws(PropertyViolation) {
        for reference in object.references {
            try require(
                BulkPath(reference.path.description) == reference.path,
                "\(reference.path) is not read back from its text"
            )
        }
    }

    /// What is written is accepted, and writing what was read from it gives the same text.
    static func checkXML(of dataSet: DataSet) throws(PropertyViolation) {
        let once = ModelWriter.text(of: dataSet, as: .xml)
        guard let object = readXML(once, limits: limits) else {
            throw PropertyViolation("written XML is refused: \(String(buffer: once))")
        }
        try require(object.references.isEmpty, "written XML has references")
        // A byte that is no character becomes U+FFFD, which VRs without Specific Character Set cannot hold.
        guard !String(buffer: once).unicodeScalars.contains("\u{FFFD}") else { return }
        let twice = ModelWriter.text(of: object.dataSet, as: .xml)
        try require(twice == once, "\(String(buffer: once)) is written again as \(String(buffer: twice))")
    }

    /// As of XML; and both writers of JSON give one text.
    static func checkJSON(of dataSet: DataSet) throws(PropertyViolation) {
        let once = json(dataSet)
        guard let first = readJSON(once, limits: limits), first.count == 1, let object = first.first else {
            throw PropertyViolation("written JSON is refused: \(String(buffer: once))")
        }
        try require(object.references.isEmpty, "written JSON has references")
        var other = once
        other.writeInteger(UInt8(ascii: "\n"))
        let streamed = ModelWriter.text(of: dataSet, as: .json)
        try require(streamed == other, "\(String(buffer: once)) is streamed as \(String(buffer: streamed))")
        guard !String(buffer: once).unicodeScalars.contains("\u{FFFD}") else { return }
        let twice = json(object.dataSet)
        try require(twice == once, "\(String(buffer: once)) is written again as \(String(buffer: twice))")
    }

    /// The tokens of a Data Set become texts that their readers accept.
    static func checkStreaming(
        _ tokens: [DataSetToken]
    ) throws(PropertyViolation) {
        for form in ModelWriter.Form.allCases {
            var writer = ModelWriter(form)
            var text = ByteBuffer()
            for token in tokens {
                writer.accept(token)
                text.writeImmutableBuffer(writer.take())
            }
            writer.finish()
            text.writeImmutableBuffer(writer.take())
            let isAccepted =
                switch form {
                case .json: readJSON(text, limits: limits)?.count == 1
                case .xml: readXML(text, limits: limits) != nil
                }
            try require(isAccepted, "streamed \(form.rawValue) is refused: \(String(buffer: text))")
        }
    }

    private static func json(_ dataSet: DataSet) -> ByteBuffer {
        var bytes = ByteBuffer()
        DICOMJSONWriter.write(dataSet, into: &bytes)
        return bytes
    }
}
