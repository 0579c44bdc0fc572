import AsyncHTTPClient
import NIOCore
import NIOHTTP1
public import PackStorage
import Platform

extension BlobStoreError {
    /// The error for what the HTTP client threw; tells its kind only, never an address or a header.
    init(http error: any Error, isCancelled: Bool) {
        switch error {
        case let error as BlobStoreError:
            self = error
        case is CancellationError where isCancelled:
            self.init(.cancelled, "the request to the store was cancelled")
        case let error as HTTPClientError where error == .cancelled && isCancelled:
            self.init(.cancelled, "the request to the store was cancelled")
        case let error as HTTPClientError where error == .invalidURL || error == .emptyHost:
            self.init(.refused, "the address of the store is not valid")
        case let error as HTTPClientError:
            self.init(.unavailable, "the exchange with the store failed: " + error.shortDescription)
        case let error as IOError:
            self.init(.unavailable, "the connection to the store failed: errno \(error.errnoCode)")
        default:
            self.init(.unavailable, "the exchange with the store failed: \(type(of: error))")
        }
    }

    /// What an HTTP status means that no store treats in a way of its own.
    ///
    /// - Parameters:
    ///   - operation: What was asked for, in the words of the protocol.
    ///   - reason: What the store names as the cause; empty when it does not.
    public init(_ response: StoreResponse, to operation: String, reason: String = "") {
        let text =
            "the store answered \(response.status)" + (reason.isEmpty ? "" : " " + reason) + " to " + operation
        let seconds = response.number("retry-after").flatMap { Int64(exactly: $0) }
        let retryAfter = seconds.map { Duration.seconds(min($0, 86_400)) }
        switch response.status {
        case 301, 308:
            self.init(.refused, text + ": what is stored lies elsewhere; check endpoint and region")
        case 300..<400:
            self.init(.unavailable, text + ": it sends elsewhere, where this program does not follow")
        case 401, 403, 407:
            self.init(.denied, text + ": check the credentials and what they allow")
        case 404, 410: self.init(.notFound, text)
        case 408, 425, 429: self.init(.unavailable, text, retryAfter: retryAfter)
        case 412: self.init(.exists, text)
        case 501, 505: self.init(.refused, text)
        case 507: self.init(.disk(.noSpace), text + ": the store is full")
        case 500...: self.init(.unavailable, text, retryAfter: retryAfter)
        default: self.init(.refused, text)
        }
    }
}
