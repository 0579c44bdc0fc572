import AsyncHTTPClient
public import Logging
import NIOCore
import NIOHTTP1
public import PackStorage
import Platform

/// Sends requests to the server of a store, each with a deadline for all of it.
///
/// Follows no redirection: a signed request, or one with a password, goes to no other server than the configured one.
public final class StoreClient: Sendable {
    private let client: HTTPClient
    private let timeouts: StoreTimeouts
    private let logger: Logger

    /// Makes a client; its connections end with ``close()``, or with the last reference.
    public init(timeouts: StoreTimeouts = StoreTimeouts(), connectionLimit: Int = 16, logger: Logger) {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        configuration.timeout = .init(
            connect: TimeAmount(timeouts.connect),
            read: TimeAmount(timeouts.idle),
            write: TimeAmount(timeouts.idle)
        )
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connectionLimit
        // Repeating is the business of a decorator, which knows how often and how long.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        self.timeouts = timeouts
        self.logger = logger
    }

    deinit {
        // A second end is refused, and no harm.
        client.shutdown { _ in }
    }

    /// Sends a request and reads the whole answer.
    ///
    /// - Parameter answerLimit: The longest body of an answer in bytes; a longer one is an error.
    /// - Throws: `.unavailable` when the server does not answer in time; what the body throws; `.cancelled`.
    public func send(_ request: StoreRequest, answerLimit: Int) async throws(BlobStoreError) -> StoreResponse {
        let failure = VerifiedBody.Reason()
        do {
            return try await withDeadline(
                timeouts.limit(byteCount: request.body.length + UInt64(clamping: answerLimit))
            ) {
                try await self.exchange(request, failure, answerLimit: answerLimit)
            }
        } catch {
            let error = failure.error ?? BlobStoreError(http: error, isCancelled: Task.isCancelled)
            logger.debug(
                "request to a store failed",
                metadata: [LogKeys.httpMethod: "\(request.method.rawValue)", LogKeys.error: "\(error)"]
            )
            throw error
        }
    }

    /// Sends a request even when the task is cancelled: what must be cleaned up must not stay.
    public func sendToEnd(_ request: StoreRequest, answerLimit: Int) async throws(BlobStoreError) -> StoreResponse {
        let sent = client.eventLoopGroup.any().makeFutureWithTask {
            try await self.send(request, answerLimit: answerLimit)
        }
        do {
            return try await sent.get()
        } catch {
            throw BlobStoreError(http: error, isCancelled: false)
        }
    }

    /// Ends all connections.
    public func close() async {
        do {
            try await client.shutdown()
        } catch {
            logger.debug("the connections to a store were not ended in order", metadata: [LogKeys.error: "\(error)"])
        }
    }

    private func exchange(
        _ request: StoreRequest,
        _ failure: VerifiedBody.Reason,
        answerLimit: Int
    ) async throws -> StoreResponse {
        var message = HTTPClientRequest(url: request.url)
        message.method = request.method
        message.headers = request.headers
        switch request.body {
        case .none: break
        case .bytes(let bytes): message.body = .bytes(bytes)
        case .source(let source, let range, let sha256):
            let body = VerifiedBody(source: source, range: range, sha256: sha256, failure: failure)
            message.body = .stream(body, length: .known(Int64(clamping: range.count)))
        }
        let response = try await client.execute(message, deadline: .distantFuture)
        var body = ByteBuffer()
        for try await chunk in response.body {
            guard body.readableBytes + chunk.readableBytes <= answerLimit else {
                throw BlobStoreError(.refused, "the answer of the store is longer than it may be")
            }
            body.writeImmutableBuffer(chunk)
        }
        return StoreResponse(status: Int(response.status.code), headers: response.headers, body: body)
    }

    private func withDeadline(
        _ limit: Duration,
        _ body: @escaping @Sendable () async throws -> StoreResponse
    ) async throws -> StoreResponse {
        try await withThrowingTaskGroup(of: StoreResponse.self) { group in
            group.addTask(operation: body)
            group.addTask {
                try await Task.sleep(for: limit)
                throw BlobStoreError(.unavailable, "the store did not answer in time")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }
}
