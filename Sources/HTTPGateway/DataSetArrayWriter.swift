import DICOMCoding
import DICOMCore
import NIOCore

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
