import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOSSL
import Sealing

/// Sends small requests of JSON to a service that keeps a root key.
///
/// Follows no redirection, and trusts either the system's authorities or those of one file.
final class KeyServiceClient: Sendable {
    /// An answer that is no error of the network.
    struct Answer: Sendable {
        let status: UInt
        let body: ByteBuffer

        var isSuccess: Bool { (200..<300).contains(status) }

        /// The body as JSON; `nil` when it is none of this form.
        func json<Value: Decodable>(_ type: Value.Type) -> Value? {
            do {
                return try JSONDecoder().decode(type, from: Data(body.readableBytesView))
            } catch {
                return nil
            }
        }
    }

    private static let answerLimit = 256 << 10
    private static let timeout = TimeAmount.seconds(20)

    private let client: HTTPClient
    private let name: String

    /// - Parameters:
    ///   - name: What the service is called in messages.
    ///   - authorities: A PEM file; those of the system when absent.
    init(name: String, authorities: String?) throws(RootKeyError) {
        self.name = name
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let authorities {
            do {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authorities))
            } catch {
                throw RootKeyError(.unavailable, "the file " + authorities + " holds no certificates in PEM form")
            }
        }
        configuration.tlsConfiguration = tls
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit {
        // Nobody is left who could wait; what fails here fails at the end of the last connection.
        client.shutdown { _ in }
    }

    func post(
        _ url: String,
        headers: [(String, String)],
        body: String
    ) async throws(RootKeyError) -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        request.body = .bytes(ByteBuffer(string: body))
        do {
            let response = try await client.execute(request, timeout: Self.timeout)
            return Answer(
                status: response.status.code,
                body: try await response.body.collect(upTo: Self.answerLimit)
            )
        } catch {
            throw RootKeyError(.unavailable, name + " does not answer at " + url)
        }
    }
}

/// Bytes as the services write them.
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    static func decode(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map { Array($0) } }
}
