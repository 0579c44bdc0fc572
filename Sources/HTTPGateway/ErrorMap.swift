import ArchiveCatalog
import ArchiveServices
import DICOMCore
import HTTPTypes

// The one place that turns errors into what HTTP and PS3.18 name.

extension Problem {
    /// What the client is told of an error.
    init(_ error: any Error) {
        switch error {
        case let error as RequestError: self.init(request: error)
        case let error as ArchiveError: self.init(archive: error)
        case let error as MatchingError: self.init(matching: error)
        case let error as MultipartError: self.init(multipart: error)
        default:
            self.init(
                status: .internalServerError,
                code: "internal",
                title: "Internal error",
                detail: "The archive failed: see the server's log"
            )
        }
    }

    private init(request error: RequestError) {
        let (status, title): (HTTPResponse.Status, String) =
            switch error.code {
            case .unauthenticated: (.unauthorized, "A token is needed")
            case .denied: (.forbidden, "Not allowed")
            case .tokenInQuery: (.badRequest, "A token in the query")
            case .badRequest: (.badRequest, "The request cannot be understood")
            case .notFound: (.notFound, "Not found")
            case .methodNotAllowed: (.methodNotAllowed, "Method not allowed")
            case .notAcceptable: (.notAcceptable, "Nothing that is accepted can be sent")
            case .unsupportedMediaType: (.unsupportedMediaType, "The body is of a type that is not taken")
            case .tooLarge: (.contentTooLarge, "The body is too long")
            case .tooSlow: (.requestTimeout, "The body comes too slowly")
            }
        self.init(
            status: status,
            code: error.code.rawValue,
            title: title,
            detail: error.detail,
            available: error.available
        )
    }

    private init(archive error: ArchiveError) {
        let (status, title): (HTTPResponse.Status, String) =
            switch error.code {
            case .denied: (.forbidden, "Not allowed")
            case .notFound: (.notFound, "Not found")
            case .badRequest: (.badRequest, "The request cannot be understood")
            case .conflict: (.conflict, "That contradicts what is there")
            case .framesUnknown: (.unprocessableContent, "The frames cannot be told apart")
            case .notDecodable: (.unprocessableContent, "The pixels cannot be decoded")
            case .notMakeable: (.notAcceptable, "Nothing that is accepted can be made")
            case .noSpace: (.insufficientStorage, "The volume is full")
            case .damaged: (.internalServerError, "Stored bytes are damaged")
            case .unavailable: (.serviceUnavailable, "The archive is not available")
            case .frozen: (.serviceUnavailable, "The object is being brought back from cold storage")
            }
        self.init(status: status, code: error.code.rawValue, title: title, detail: error.advice)
        recall = error.recall
    }

    private init(matching error: MatchingError) {
        let title =
            switch error.code {
            case .badRange: "A range cannot be understood"
            case .badUID: "A value is no UID"
            case .tooManyValues, .tooManyWildcards: "More values than the limit"
            case .tooLong: "A value is longer than the limit"
            }
        self.init(status: .badRequest, code: error.code.rawValue, title: title, detail: error.description)
    }

    private init(multipart error: MultipartError) {
        let status: HTTPResponse.Status =
            switch error.code {
            case .badBoundary, .badDelimiter, .badHeader, .headerTooLong, .truncated: .badRequest
            case .tooManyParts: .contentTooLarge
            }
        self.init(
            status: status,
            code: error.code.rawValue,
            title: "The multipart body cannot be read",
            detail: error.description
        )
    }
}

extension HTTPResponse.Status {
    /// 507 (RFC 4918 11.5).
    static var insufficientStorage: Self { Self(code: 507, reasonPhrase: "Insufficient Storage") }
}

extension IngestRefusal.Reason {
    /// The value of Failure Reason (0008,1197): PS3.18 table I.2-2, and PS3.7 annex C where that has nothing closer.
    var failureReason: UInt16 {
        switch self {
        case .denied: 0x0124
        case .notReadable: 0xC000
        case .missingIdentity, .identityTooLate, .mismatch, .belongsElsewhere: 0xA900
        case .differentObjectStored: 0x0111
        case .tooLong, .noSpace, .storageFailed, .notSecured: 0xA700
        case .interrupted: 0x0110
        }
    }

    /// The status of a request all of whose instances were refused for this reason (PS3.18 table 10.5.3-1).
    var statusWhenAllFail: HTTPResponse.Status {
        switch self {
        case .denied: .forbidden
        case .notReadable, .missingIdentity, .identityTooLate, .mismatch, .belongsElsewhere, .differentObjectStored:
            .conflict
        case .tooLong: .contentTooLarge
        case .noSpace: .insufficientStorage
        case .storageFailed: .internalServerError
        case .notSecured: .serviceUnavailable
        case .interrupted: .badRequest
        }
    }
}
