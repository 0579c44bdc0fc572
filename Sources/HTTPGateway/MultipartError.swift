/// Why a body is no multipart message that the archive takes.
package struct MultipartError: Error, Sendable, Hashable {
    package enum Code: String, Sendable, Hashable {
        case badBoundary
        case badDelimiter
        case badHeader
        case headerTooLong
        case tooManyParts
        case truncated
    }

    package let code: Code
    /// Bytes from the first byte of the body.
    package let offset: UInt64
}

extension MultipartError: CustomStringConvertible {
    package var description: String {
        switch code {
        case .badBoundary:
            "The boundary parameter of the Content-Type is missing, too long or holds forbidden characters"
        case .badDelimiter: "The line of a boundary has other characters behind the boundary (byte \(offset))"
        case .badHeader: "The header of a part is malformed (byte \(offset))"
        case .headerTooLong:
            "The header of a part is longer than the limit limits.multipart.header-length (byte \(offset))"
        case .tooManyParts:
            "There are more parts than the limit limits.multipart.parts; send the rest in another request"
        case .truncated: "The body ends before its closing boundary (byte \(offset)); send it again as a whole"
        }
    }
}
