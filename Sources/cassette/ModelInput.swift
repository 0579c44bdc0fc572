import DICOMCoding
import DICOMCore
import NIOCore

/// A file that holds Data Sets as text: in the DICOM JSON model or the Native DICOM Model.
enum ModelInput {
    private enum Form {
        case json
        case xml
    }

    /// The Data Sets of a text; `nil` when it does not begin like one.
    ///
    /// - Parameter first: the first bytes; what follows them is read from `input` if they are those of a text.
    /// - Throws: `DataSetError`; `.tooMuchText` beyond the limit, before more is read.
    static func objects(_ first: ByteBuffer, _ input: inout InputBytes) throws -> [ModelObject]? {
        guard let form = form(of: first) else { return nil }
        let limits = DataSetLimits()
        var text = first
        while let bytes = try input.next() {
            guard text.readableBytes + bytes.readableBytes <= limits.headerLength else {
                throw DataSetError(.tooMuchText, at: UInt64(limits.headerLength))
            }
            text.writeImmutableBuffer(bytes)
        }
        switch form {
        case .json: return try DICOMJSONReader.dataSets(from: text, limits: limits)
        case .xml: return [try NativeXMLReader.object(from: text, limits: limits)]
        }
    }

    private static func form(of first: ByteBuffer) -> Form? {
        let bytes = first.readableBytesView
        // A DICOM file may have anything in its preamble.
        guard !bytes.dropFirst(128).prefix(4).elementsEqual("DICM".utf8) else { return nil }
        // Byte order marks of UTF-16 are refused by the reader, with a better reason than that it is no DICOM object.
        if bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE, 0x3C]) { return .xml }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
        switch text.first(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }) {
        case UInt8(ascii: "<"): return .xml
        case UInt8(ascii: "{"), UInt8(ascii: "["): return .json
        default: return nil
        }
    }
}
