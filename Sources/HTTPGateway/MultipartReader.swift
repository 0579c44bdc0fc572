import NIOCore

/// Reads a multipart body part by part, no faster than the parts are consumed.
// An actor would cost a change of thread for every piece of the body.
// Sendable unchecked: the request's task alone uses it, and asks for a part after the layer with the last has returned.
final class MultipartReader: @unchecked Sendable {
    private var body: InboundBody
    private var decoder: MultipartDecoder
    private var isInPart = false
    private var failure: (any Error)?

    init(_ body: StoreBody, decoder: MultipartDecoder) {
        self.body = InboundBody(body)
        self.decoder = decoder
    }

    /// The header of the next part, or `nil` behind the last; what is left of the part before is skipped.
    func nextPart() async throws -> PartHeader? {
        while isInPart {
            _ = try await nextBytes()
        }
        while let event = try await nextEvent() {
            guard case .partBegan(let header) = event else { continue }
            isInPart = true
            return header
        }
        return nil
    }

    /// The next bytes of the current part, or `nil` behind its last.
    func nextBytes() async throws -> ByteBuffer? {
        if let failure { throw failure }
        guard isInPart else { return nil }
        switch try await nextEvent() {
        case .body(let bytes): return bytes
        case .partEnded, .partBegan, nil:
            isInPart = false
            return nil
        }
    }

    private func nextEvent() async throws -> MultipartDecoder.Event? {
        if let failure { throw failure }
        do {
            while true {
                if let event = try decoder.next() { return event }
                var body = self.body
                defer { self.body = body }
                guard let bytes = try await body.next(isolation: nil) else {
                    try decoder.finish()
                    return nil
                }
                decoder.feed(bytes)
            }
        } catch {
            // The consumer of a part sees the error first; the reader of parts must see it too.
            failure = error
            throw error
        }
    }
}

/// The bytes of the current part of a ``MultipartReader``.
struct PartBody: AsyncSequence, Sendable {
    let reader: MultipartReader

    struct AsyncIterator: AsyncIteratorProtocol {
        let reader: MultipartReader

        mutating func next() async throws -> ByteBuffer? {
            try await reader.nextBytes()
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(reader: reader) }
}
