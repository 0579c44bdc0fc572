import DICOMCoding
import DICOMCore
import NIOCore

/// How Data Sets are answered: in the DICOM JSON model (PS3.18 F), or in the Native DICOM Model (PS3.19 A.1).
enum AnswerForm: Sendable, Hashable {
    /// JSON under that name.
    case json(mediaType: String)
    /// XML, each Data Set a part of a multipart body (PS3.18 8.6.1.2).
    case xmlParts
    /// XML, the only Data Set alone.
    case xmlAlone

    /// The names under which clients ask for JSON, the best first.
    static let jsonTypes = ["application/dicom+json", "application/json"]
    /// The name of XML, alone or of the parts.
    static let xmlType = "application/dicom+xml"

    /// The form that the client likes best; JSON where it takes anything.
    ///
    /// Who names the type of XML without `multipart/related` gets a single Data Set alone, several as parts: there is no
    /// other way to send them.
    ///
    /// - Parameter isSingle: Whether there is exactly one Data Set to send.
    /// - Throws: `.notAcceptable`.
    init(_ accept: AcceptHeader, isSingle: Bool) throws(RequestError) {
        for range in accept.ranges {
            if let mediaType = Self.jsonTypes.first(where: { range.includes($0) }) {
                self = .json(mediaType: mediaType)
                return
            }
            if range.essence == Self.xmlType {
                self = isSingle ? .xmlAlone : .xmlParts
                return
            }
            if range.essence == "multipart/related", range.parameters["type"]?.lowercased() == Self.xmlType {
                self = .xmlParts
                return
            }
        }
        throw RequestError(
            .notAcceptable,
            "The archive answers in JSON or XML here",
            available: Self.jsonTypes + ["multipart/related; type=\"\(Self.xmlType)\"", Self.xmlType]
        )
    }

    /// One Data Set as JSON.
    static func json(_ dataSet: DataSet) -> ByteBuffer {
        var bytes = ByteBuffer()
        DICOMJSONWriter.write(dataSet, into: &bytes)
        return bytes
    }
}
