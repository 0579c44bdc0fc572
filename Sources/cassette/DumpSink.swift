import DICOMCoding
import DICOMCore
import NIOCore

/// What becomes of the contents of a file.
protocol DumpSink {
    mutating func begin(_ header: Part10Header, into output: inout OutputText)
    mutating func accept(_ token: DataSetToken, into output: inout OutputText)
    /// - Parameters:
    ///   - quirks: what was odd in the Data Set, as far as it was kept.
    ///   - count: how often something was.
    mutating func finish(quirks: [Quirk], of count: Int, into output: inout OutputText)
}

/// The contents of a file as a model.
struct ModelText: DumpSink {
    private static let pieceLength = 64 << 10

    var writer: ModelWriter
    let includesMeta: Bool

    mutating func begin(_ header: Part10Header, into output: inout OutputText) {
        guard includesMeta else { return }
        for element in header.fileMetaInformation.dataSet.elements { writer.accept(element) }
    }

    mutating func accept(_ token: DataSetToken, into output: inout OutputText) {
        writer.accept(token)
        if writer.textLength >= Self.pieceLength { output.write(writer.take()) }
    }

    mutating func finish(quirks: [Quirk], of count: Int, into output: inout OutputText) {
        writer.finish()
        output.write(writer.take())
    }
}

/// Where the bytes of a file are, for programs that fetch bulk themselves.
struct FileAddress: Sendable {
    private let url: String
    private let dataSetOffset: UInt64

    init(_ path: String, dataSetOffset: UInt64) {
        let absolute = path.hasPrefix("/") ? path : Environment.workingDirectory + "/" + path
        var url = "file://"
        for byte in absolute.utf8 {
            switch byte {
            // Unreserved characters (RFC 3986 2.3) and the separator.
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x2F, 0x5F, 0x7E:
                url.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                url += digits.count == 1 ? "%0" + digits : "%" + digits
            }
        }
        self.url = url
        self.dataSetOffset = dataSetOffset
    }

    /// The address of a value; `nil` when it lies beyond all that can be counted.
    func uri(of bulk: BulkValue) -> String? {
        let (offset, overflow) = dataSetOffset.addingReportingOverflow(bulk.offset)
        return overflow ? nil : "\(url)?offset=\(offset)&length=\(bulk.length)"
    }
}
