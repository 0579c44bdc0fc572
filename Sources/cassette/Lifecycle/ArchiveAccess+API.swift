import AccessControl
import ArchiveServices
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

extension ArchiveAccess {
    /// The JSON of an answer: of the services here, or of the server.
    ///
    /// - Parameter local: Asks the services of the archive that this process has open.
    func ask(
        _ method: HTTPMethod,
        _ path: String,
        body: String? = nil,
        local: (Archive, Principal) async throws -> ByteBuffer
    ) async throws -> ByteBuffer {
        switch self {
        case .local(let open, _):
            do {
                return try await local(open.archive, Principal(.administrator))
            } catch let error as ArchiveError {
                throw CommandFailure(error.advice)
            }
        case .remote(let archive): return try await archive.ask(method, path, body: body)
        }
    }
}

extension RemoteArchive {
    private static let apiAnswerLimit = 64 << 20

    /// The body of an answer of the server.
    ///
    /// - Throws: ``CommandFailure`` with what the server says is wrong.
    func ask(_ method: HTTPMethod, _ path: String, body: String? = nil) async throws -> ByteBuffer {
        var request = request(method, path, accept: "application/json")
        if let body {
            request.headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
            request.body = .bytes(ByteBuffer(string: body))
        }
        let response = try await send(request)
        let answer = try await response.body.collect(upTo: Self.apiAnswerLimit)
        guard (200..<300).contains(response.status.code) else {
            struct Problem: Decodable { let detail: String }
            if let problem = try? JSONDecoder().decode(Problem.self, from: Data(answer.readableBytesView)) {
                throw CommandFailure(problem.detail)
            }
            throw CommandFailure("The server answered \(response.status.code): \(String(buffer: answer))")
        }
        return answer
    }
}

extension ByteBuffer {
    /// The value of JSON text.
    func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(readableBytesView))
    }
}
