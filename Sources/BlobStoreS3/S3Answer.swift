import BlobStoreHTTP
import NIOCore
import PackStorage

/// What the server says in its documents.
enum S3Answer {
    /// The code of an error document; empty when there is none.
    ///
    /// A code is a word of letters and digits; anything else is not shown to anybody.
    static func code(_ response: StoreResponse) -> String {
        guard let code = value("Code", in: response.body, root: "Error") else { return "" }
        let isWord = code.utf8.count <= 64 && code.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
        return isWord ? code : ""
    }

    /// The text of the first element of that name directly below the root, whose name differs from server to server unless
    /// it is given.
    static func value(_ name: String, in document: ByteBuffer, root: String? = nil) -> String? {
        var reader = XMLReader(document)
        do {
            while let event = try reader.next() {
                guard case .end(name, let text) = event, reader.path.count == 1 else { continue }
                return root == nil || reader.path.first == root ? text : nil
            }
        } catch {
            // No document, or none that can be read.
        }
        return nil
    }

    /// What an answer means that is no success.
    static func error(_ response: StoreResponse, to operation: String) -> BlobStoreError {
        let code = code(response)
        let text = "the store answered \(response.status) \(code) to \(operation)"
        switch code {
        case "NoSuchBucket":
            return BlobStoreError(.refused, text + ": create the bucket, or correct its name")
        case "NoSuchUpload", "RequestTimeout", "OperationAborted", "ConditionalRequestConflict", "IncompleteBody":
            return BlobStoreError(.unavailable, text)
        case "InvalidObjectState":
            return BlobStoreError(.frozen, text + ": the object must be thawed first")
        case "BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "InvalidDigest":
            return BlobStoreError(.corrupt, text + ": the bytes were changed on their way")
        case "AccessDenied":
            return BlobStoreError(.denied, text + ": check the credentials and what they allow")
        case "RequestTimeTooSkewed":
            return BlobStoreError(.denied, text + ": correct the clock of this machine")
        case "ExpiredToken", "RequestExpired", "TokenRefreshRequired", "InvalidToken":
            return BlobStoreError(.denied, text + ": the credentials have expired; configure new ones")
        case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
            return BlobStoreError(.refused, text + ": check endpoint and region")
        default:
            return BlobStoreError(response, to: operation, reason: code)
        }
    }
}
