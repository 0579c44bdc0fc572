import BlobStoreHTTP
import Logging
import NIOCore
import NIOHTTP1
import PackStorage
import Platform
import Synchronization

/// Signs requests for one bucket and sends them.
///
/// A clock that is wrong is corrected by the one of the server; credentials that have expired are asked for again once.
final class S3Client: Sendable {
    /// A request but for its signature.
    struct Request: Sendable {
        var method: HTTPMethod
        /// The name of the object below the bucket; the bucket itself when empty.
        var object = ""
        var query: [(name: String, value: String)] = []
        var headers: [(name: String, value: String)] = []
        var body = StoreRequest.Body.none
        var answerLimit = S3Client.documentLimit
    }

    /// The longest document that is read: a list of 1,000 objects has less than 1 MiB.
    static let documentLimit = 4 * 1_024 * 1_024
    /// From here on the clock is taken as wrong; servers refuse from 15 minutes on.
    private static let skewLimit: Int64 = 120 * 1_000_000

    let configuration: S3Configuration
    let logger: Logger
    private let source: any S3CredentialsSource
    private let client: StoreClient
    private let clock: any WallClock
    /// What is added to our clock, in microseconds.
    private let correction = Mutex<Int64>(0)

    init(
        configuration: S3Configuration,
        credentials: any S3CredentialsSource,
        clock: any WallClock,
        logger: Logger
    ) {
        self.configuration = configuration
        self.logger = logger
        self.clock = clock
        source = credentials
        client = StoreClient(timeouts: configuration.timeouts, logger: logger)
    }

    /// Sends a request; the answer may be any but a wrong clock or expired credentials that can be renewed.
    func send(_ request: Request, toEnd: Bool = false) async throws(BlobStoreError) -> StoreResponse {
        var credentials = try await source.credentials(isRenewal: false)
        var hasRenewed = false
        var correctionCount = 0
        while true {
            let time = now()
            let signed = sign(request, credentials, time)
            let response =
                if toEnd {
                    try await client.sendToEnd(signed, answerLimit: request.answerLimit)
                } else {
                    try await client.send(signed, answerLimit: request.answerLimit)
                }
            guard (400...403).contains(response.status) else { return response }
            // Twice: a date that was wrong itself is corrected by the next answer.
            if correctionCount < 2, correctClock(response, signedAt: time) {
                correctionCount += 1
                continue
            }
            guard !hasRenewed, credentials.sessionToken != nil, mayBeExpired(request, response) else { return response }
            hasRenewed = true
            do throws(BlobStoreError) {
                credentials = try await source.credentials(isRenewal: true)
            } catch {
                if error.code == .cancelled { throw error }
                return response
            }
        }
    }

    /// An answer to `HEAD` has no document that could tell.
    private func mayBeExpired(_ request: Request, _ response: StoreResponse) -> Bool {
        request.method == .HEAD || S3Answer.code(response) == "ExpiredToken"
    }

    func close() async {
        await client.close()
    }

    /// What an answer means that is no success.
    func failure(_ response: StoreResponse, to operation: String) -> BlobStoreError {
        S3Answer.error(response, to: operation)
    }

    private func now() -> Timestamp {
        clock.now().advanced(by: .microseconds(correction.withLock { $0 }))
    }

    /// Whether the server's clock, which counts, was another one.
    private func correctClock(_ response: StoreResponse, signedAt time: Timestamp) -> Bool {
        // Servers have several statuses and codes for a wrong time, and no document at all after HEAD: the date tells it.
        guard let date = response.headers.first(name: "date").flatMap({ HTTPDate.timestamp($0) }) else { return false }
        let (difference, overflows) = date.microseconds.subtractingReportingOverflow(time.microseconds)
        guard !overflows, difference.magnitude >= Self.skewLimit else { return false }
        correction.withLock { $0 = date.microseconds - clock.now().microseconds }
        logger.warning(
            "the clock of this machine differs from that of the store; requests are signed by the store's",
            metadata: [LogKeys.durationMilliseconds: "\(difference / 1_000)"]
        )
        return true
    }

    private func sign(_ request: Request, _ credentials: S3Credentials, _ time: Timestamp) -> StoreRequest {
        let (scheme, host) = configuration.server
        let path = configuration.bucketPath + PercentEncoding.path(request.object)
        let payloadHash = Hex.encode(Self.digest(of: request.body))
        var headers = request.headers
        headers.append(("host", host))
        headers.append(("x-amz-date", SignatureV4.date(time)))
        headers.append(("x-amz-content-sha256", payloadHash))
        if let token = credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
        let signer = SignatureV4(credentials: credentials, region: configuration.region, service: "s3")
        let authorization = signer.authorization(
            method: request.method.rawValue,
            path: path,
            query: request.query,
            headers: headers,
            payloadHash: payloadHash,
            time: time
        )
        headers.append(("authorization", authorization))
        let query = request.query.isEmpty ? "" : "?" + PercentEncoding.query(request.query)
        return StoreRequest(
            request.method,
            scheme + "://" + host + path + query,
            headers: HTTPHeaders(headers.map { ($0.name, $0.value) }),
            body: request.body
        )
    }

    private static func digest(of body: StoreRequest.Body) -> [UInt8] {
        switch body {
        case .none: BlobDigest().value
        case .bytes(let bytes): BlobDigest.of(bytes)
        case .source(_, _, let sha256): sha256
        }
    }
}
