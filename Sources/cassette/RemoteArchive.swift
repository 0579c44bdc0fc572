import AsyncHTTPClient
import DICOMCoding
import DICOMCore
import NIOCore
import NIOHTTP1
import Platform

/// The server that has a data folder open, as other commands on this host reach it.
struct RemoteArchive: Sendable {
    private static let answerLimit = 256 << 20
    private static let timeout = TimeAmount.hours(12)

    private let address: String
    private let token: String
    private let client = HTTPClient(eventLoopGroupProvider: .singleton)

    init(address: String, token: String) {
        self.address = address
        self.token = token
    }

    /// The answers of a QIDO-RS search.
    func search(_ resource: String) async throws -> [DataSet] {
        let response = try await send(request(.GET, "/dicomweb/" + resource, accept: "application/dicom+json"))
        guard response.status == .ok else { throw try await failure(response) }
        return try await dataSets(response)
    }

    /// Stores one Part 10 object.
    ///
    /// - Returns: `nil` when it is stored, else why not.
    func store<Body: AsyncSequence & Sendable>(
        _ chunks: Body,
        length: UInt64
    ) async throws -> String? where Body.Element == ByteBuffer {
        var request = request(.POST, "/dicomweb/studies", accept: "application/dicom+json")
        request.headers.add(name: "Content-Type", value: "application/dicom")
        request.body = .stream(chunks, length: .known(Int64(clamping: length)))
        let response = try await send(request)
        if response.status == .ok || response.status == .accepted {
            _ = try await response.body.collect(upTo: Self.answerLimit)
            return nil
        }
        // Who may not store, or finds the volume full, need not try the next file.
        guard ![.unauthorized, .forbidden, .insufficientStorage].contains(response.status) else {
            throw try await failure(response)
        }
        guard response.status == .conflict else { return try await failure(response).description }
        let answer = try await dataSets(response).first
        let failures = (answer?.items(.failedSOPSequence) ?? []) + (answer?.items(.otherFailuresSequence) ?? [])
        return Self.explanation(of: failures.first?.integer(.failureReason))
    }

    /// Lines of JSON that a long task of the server sends as it goes.
    func lines(_ path: String, _ body: (String) throws -> Void) async throws {
        let response = try await send(request(.POST, path, accept: "application/x-ndjson"))
        guard response.status == .ok else { throw try await failure(response) }
        var pending = ByteBuffer()
        for try await chunk in response.body {
            pending.writeImmutableBuffer(chunk)
            while let end = pending.readableBytesView.firstIndex(of: 0x0A) {
                try body(pending.readString(length: end - pending.readerIndex) ?? "")
                pending.moveReaderIndex(forwardBy: 1)
            }
            pending.discardReadBytes()
        }
    }

    /// SHA-256 of the Data Set of an instance, as the server reads it back from its pack.
    func dataSetDigest(of sopInstanceUID: UID) async throws -> [UInt8]? {
        var digest: [UInt8]?
        try await lines("/api/verification?instance=" + sopInstanceUID.string) { line in
            let parts = line.split(separator: "\"")
            digest = parts.count == 5 ? Hex.decode(parts[3]) : nil
        }
        return digest
    }

    /// The whole answer to a request of administration.
    ///
    /// - Parameter text: The body; none when absent.
    func answer(_ method: HTTPMethod, _ path: String, text: String? = nil) async throws -> ByteBuffer {
        var request = request(method, path, accept: "application/json")
        if let text {
            request.headers.add(name: "Content-Type", value: "text/plain")
            request.body = .bytes(ByteBuffer(string: text))
        }
        let response = try await send(request)
        guard (200..<300).contains(response.status.code) else { throw try await failure(response) }
        return try await response.body.collect(upTo: Self.answerLimit)
    }

    func close() async throws {
        try await client.shutdown()
    }

    /// What a Failure Reason of STOW-RS means here (PS3.18 table I.2-2, PS3.7 C).
    private static func explanation(of reason: Int?) -> String {
        switch reason {
        case 0x0111: "a different object with this SOP Instance UID is stored and stays unchanged"
        case 0x0122: "the archive takes no such objects"
        case 0x0124: "this caller may not store"
        case 0xA700: "the archive has no room for it, or storage failed: see the server's log"
        case 0xA900: "a UID is missing, malformed, or known under another study or patient"
        case 0xC000: "the object is not readable to its end"
        case .some(let code): "failure reason " + String(code, radix: 16, uppercase: true) + "H"
        case nil: "the server did not say why"
        }
    }

    private func dataSets(_ response: HTTPClientResponse) async throws -> [DataSet] {
        let text = try await response.body.collect(upTo: Self.answerLimit)
        return try DICOMJSONReader.dataSets(from: text).map(\.dataSet)
    }

    func request(_ method: HTTPMethod, _ path: String, accept: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: address + path)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer " + token)
        request.headers.add(name: "Accept", value: accept)
        return request
    }

    func send(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        do {
            return try await client.execute(request, timeout: Self.timeout)
        } catch {
            throw CommandFailure("The server of this archive does not answer at \(address): \(error)")
        }
    }

    func failure(_ response: HTTPClientResponse) async throws -> CommandFailure {
        let text = String(buffer: try await response.body.collect(upTo: 64 << 10))
        return CommandFailure("The server answered \(response.status.code): \(text)")
    }
}
