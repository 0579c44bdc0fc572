import Hummingbird
import NIOCore

/// The body of a request that stores, not yet read.
struct StoreBody: Sendable {
    let body: RequestBody
    /// Content-Length, where there is one.
    let declaredLength: UInt64?
    let limits: HTTPLimits
    /// Asks a client that waits for it to send the body.
    var invitation = BodyInvitation.none
}

/// The body of a request as it comes in, held to length and pace.
struct InboundBody {
    private var iterator: RequestBody.AsyncIterator
    private let declaredLength: UInt64?
    private let lengthLimit: UInt64
    private var pace: TransferPace
    private var received: UInt64 = 0
    private let clock = ContinuousClock()
    private var invitation: BodyInvitation?

    init(_ store: StoreBody) {
        iterator = store.body.makeAsyncIterator()
        declaredLength = store.declaredLength
        lengthLimit = store.limits.storeLength
        invitation = store.invitation
        pace = TransferPace(bytesPerSecond: store.limits.paceBytesPerSecond, windowSeconds: store.limits.paceSeconds)
    }

    /// The next bytes, or `nil` behind the last.
    ///
    /// - Throws: ``RequestError`` beyond the limits and when the sender stops before the length that it declared: an
    ///   object cut off between two elements would otherwise pass for a whole one.
    mutating func next(isolation: isolated (any Actor)?) async throws -> ByteBuffer? {
        // Only now has all been checked that can be checked without the body.
        invitation?.send()
        invitation = nil
        let start = clock.now
        guard let bytes = try await iterator.next(isolation: isolation) else {
            guard let declaredLength, declaredLength != received else { return nil }
            throw RequestError(.badRequest, "The body ends before its Content-Length; send it again as a whole")
        }
        received += UInt64(bytes.readableBytes)
        guard received <= lengthLimit else {
            throw RequestError(
                .tooLarge,
                "The body is longer than the limit limits.http.store-length; send less at a time"
            )
        }
        if pace.isTooSlow(afterReceiving: bytes.readableBytes, in: clock.now - start) {
            throw RequestError(.tooSlow, "The body comes more slowly than the limit limits.http.pace")
        }
        return bytes
    }
}

/// A body that is one object, to be read once.
// Sendable unchecked: the request's task alone uses it, and `failure` only after the layer that reads has returned.
final class SinglePartReader: @unchecked Sendable {
    private var body: InboundBody
    /// What ended the body early.
    private(set) var failure: (any Error)?

    init(_ body: StoreBody) {
        self.body = InboundBody(body)
    }

    func next() async throws -> ByteBuffer? {
        if let failure { throw failure }
        var body = self.body
        defer { self.body = body }
        do {
            return try await body.next(isolation: nil)
        } catch {
            failure = error
            throw error
        }
    }
}

/// The bytes of a ``SinglePartReader``.
struct SinglePartBody: AsyncSequence, Sendable {
    let reader: SinglePartReader

    struct AsyncIterator: AsyncIteratorProtocol {
        let reader: SinglePartReader

        mutating func next() async throws -> ByteBuffer? {
            try await reader.next()
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(reader: reader) }
}
