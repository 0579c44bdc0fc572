import DICOMCoding
import DICOMCore
public import NIOCore

/// The DICOM JSON model (PS3.18 F).
public enum JSONTarget: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "JSON"

    /// All bytes are the text.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) {
        guard let objects = read(input) else { return }
        for object in objects {
            try checkReferences(in: object)
            try checkWriting(object.dataSet)
            try StoredFormProperties.checkRoundTrip(of: object.dataSet, limits: DataSetTarget.limits)
            let lengths: DataSetEncoder.SequenceLengths = input.readableBytes % 2 == 0 ? .defined : .undefined
            try EncodingProperties.check(
                object.dataSet,
                in: .explicitVRLittleEndian,
                lengths,
                limits: DataSetTarget.limits
            )
        }
    }

    private static func read(_ text: ByteBuffer) -> [DICOMJSONObject]? {
        do throws(DataSetError) {
            return try DICOMJSONReader.dataSets(from: text, limits: DataSetTarget.limits)
        } catch {
            return nil
        }
    }

    /// The path of a reference is one that its text form gives back.
    private static func checkReferences(in object: DICOMJSONObject) throws(PropertyViolation) {
        for reference in object.references {
            try require(
                BulkPath(reference.path.description) == reference.path,
                "\(reference.path) is not read back from its text"
            )
        }
    }

    /// What is written is accepted, and writing what was read from it gives the same text.
    private static func checkWriting(_ dataSet: DataSet) throws(PropertyViolation) {
        let once = write(dataSet)
        guard let first = read(once), first.count == 1, let object = first.first else {
            throw PropertyViolation("written JSON is refused: \(String(buffer: once))")
        }
        try require(object.references.isEmpty, "written JSON has references")
        // A byte that is no character becomes U+FFFD, which VRs without Specific Character Set cannot hold.
        guard !String(buffer: once).unicodeScalars.contains("\u{FFFD}") else { return }
        let twice = write(object.dataSet)
        try require(twice == once, "\(String(buffer: once)) is written again as \(String(buffer: twice))")
    }

    private static func write(_ dataSet: DataSet) -> ByteBuffer {
        var bytes = ByteBuffer()
        DICOMJSONWriter.write(dataSet, into: &bytes)
        return bytes
    }
}
