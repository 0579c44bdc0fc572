import DICOMCoding
import DICOMCore
import HTTPTypes
import Hummingbird
import NIOCore
import Platform

/// Data Sets in XML as the parts of a multipart body (PS3.18 8.6.1.2).
struct XMLParts: Sendable {
    private let frame = MultipartFrame(random: SystemRandomSource())

    /// The Content-Type of the whole.
    var contentType: String { frame.contentType(type: AnswerForm.xmlType) }

    /// What stands behind the last part.
    var tail: ByteBuffer { frame.tail }

    /// What stands in front of a part.
    func head(isFirst: Bool) -> ByteBuffer {
        frame.head(contentType: AnswerForm.xmlType, location: nil, isFirst: isFirst)
    }

    /// An answer of Data Sets, whose text is made one after the other; without a Data Set it has no content.
    static func response(
        status: HTTPResponse.Status,
        headers: HTTPFields,
        dataSets: ArraySlice<DataSet>,
        finishing: @escaping @Sendable (DataSet) -> DataSet = { $0 }
    ) -> Response {
        guard !dataSets.isEmpty else { return Response(status: .noContent, headers: headers) }
        let parts = XMLParts()
        var headers = headers
        headers[.contentType] = parts.contentType
        return Response(
            status: status,
            headers: headers,
            body: ResponseBody { writer in
                var batched = BatchedWriter(writer)
                for (position, dataSet) in dataSets.enumerated() {
                    try await batched.write(parts.head(isFirst: position == 0))
                    try await batched.write(ModelWriter.text(of: finishing(dataSet), as: .xml))
                }
                try await batched.write(parts.tail)
                try await batched.finish()
            }
        )
    }
}
