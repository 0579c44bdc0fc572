import HummingbirdCore
import NIOCore
import Testing

@testable import HTTPGateway

@Suite struct `Taking in the body of a request` {
    @Test func `a body shorter than its declared length is an error behind its last byte`() async throws {
        let reader = SinglePartReader(body("abc", declaredLength: 4))

        #expect(try await reader.next() == ByteBuffer(string: "abc"))
        let error = await #expect(throws: RequestError.self) { try await reader.next() }
        #expect(error?.code == .badRequest)
        #expect(reader.failure as? RequestError == error)
    }

    @Test func `a body of the declared length ends well`() async throws {
        let reader = SinglePartReader(body("abc", declaredLength: 3))

        #expect(try await reader.next() == ByteBuffer(string: "abc"))
        #expect(try await reader.next() == nil)
    }

    @Test func `a body as long as the limit is taken, one byte more is refused`() async throws {
        var limits = HTTPLimits()
        limits.storeLength = 3
        let atLimit = SinglePartReader(body("abc", limits: limits))
        let beyond = SinglePartReader(body("abcd", limits: limits))

        #expect(try await atLimit.next() != nil)
        let error = await #expect(throws: RequestError.self) { try await beyond.next() }
        #expect(error?.code == .tooLarge)
    }

    @Test func `a part that nobody reads is skipped`() async throws {
        let reader = try reader("--x\r\nN: 1\r\n\r\nfirst\r\n--x\r\nN: 2\r\n\r\nsecond\r\n--x--")

        #expect(try await reader.nextPart()?["n"] == "1")
        #expect(try await reader.nextPart()?["n"] == "2")
        #expect(try await reader.nextBytes() == ByteBuffer(string: "second"))
        #expect(try await reader.nextBytes() == nil)
        #expect(try await reader.nextPart() == nil)
    }

    @Test func `what ends a part early is told to its consumer and to the reader of parts`() async throws {
        let reader = try reader("--x\r\n\r\ncut")
        _ = try await reader.nextPart()
        _ = try await reader.nextBytes()

        await #expect(throws: MultipartError.self) { try await reader.nextBytes() }
        await #expect(throws: MultipartError.self) { try await reader.nextPart() }
    }

    private func reader(_ text: String) throws -> MultipartReader {
        MultipartReader(body(text), decoder: try MultipartDecoder(boundary: "x", limits: MultipartLimits()))
    }

    private func body(_ text: String, declaredLength: UInt64? = nil, limits: HTTPLimits = HTTPLimits()) -> StoreBody {
        StoreBody(body: RequestBody(buffer: ByteBuffer(string: text)), declaredLength: declaredLength, limits: limits)
    }
}
