import DICOMCoding
import DICOMCore
import NIOCore

/// Data Sets as answers in the DICOM JSON model (PS3.18 F).
enum DataSetJSON {
    /// The names under which clients ask for it, the best first.
    static let mediaTypes = ["application/dicom+json", "application/json"]

    /// Why a client that takes no JSON gets nothing.
    static var notAcceptable: RequestError {
        RequestError(.notAcceptable, "The archive answers in JSON here, not in XML", available: mediaTypes)
    }

    /// One Data Set as one object.
    static func encode(_ dataSet: DataSet) -> ByteBuffer {
        var bytes = ByteBuffer()
        DICOMJSONWriter.write(dataSet, into: &bytes)
        return bytes
    }
}

/// Writes an array of Data Sets piece by piece.
struct DataSetArrayWriter {
    private var bytes = ByteBuffer(string: "[")
    private var isEmpty = true
    private static let pieceLength = 64 << 10

    /// Appends a Data Set.
    mutating func append(_ dataSet: DataSet) {
        if !isEmpty { bytes.writeInteger(UInt8(0x2C)) }
        isEmpty = false
        DICOMJSONWriter.write(dataSet, into: &bytes)
    }

    /// The bytes written so far, when they are worth sending.
    mutating func takeIfLarge() -> ByteBuffer? {
        guard bytes.readableBytes >= Self.pieceLength else { return nil }
        defer { bytes = ByteBuffer() }
        return bytes
    }

    /// The rest of the bytes.
    consuming func finish() -> ByteBuffer {
        bytes.writeInteger(UInt8(0x5D))
        return bytes
    }
}
