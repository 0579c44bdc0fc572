import BlobStoreHTTP
import Crypto
public import Platform

/// Signatures of requests, version 4 (AWS, "Signature Version 4 signing process"), in the `Authorization` header.
public struct SignatureV4: Sendable {
    private let credentials: S3Credentials
    private let region: String
    private let service: String

    /// Makes a signer.
    public init(credentials: S3Credentials, region: String, service: String) {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// The value of `x-amz-date`: `20130524T000000Z`.
    public static func date(_ time: Timestamp) -> String {
        time.description.prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
    }

    /// The value of the `Authorization` header.
    ///
    /// - Parameters:
    ///   - method: In upper case.
    ///   - path: As it is sent: encoded.
    ///   - query: Names and values, not encoded, in any order.
    ///   - headers: All headers that are to be signed, with `host` and `x-amz-date`; each name once.
    ///   - payloadHash: The SHA-256 of the body in hexadecimal digits, or the word that stands for none.
    ///   - time: As in `x-amz-date`.
    public func authorization(
        method: String,
        path: String,
        query: [(name: String, value: String)],
        headers: [(name: String, value: String)],
        payloadHash: String,
        time: Timestamp
    ) -> String {
        let sorted = headers.map { (name: $0.name.lowercased(), value: Self.collapsed($0.value)) }
            .sorted { $0.name < $1.name }
        let signedHeaders = sorted.map(\.name).joined(separator: ";")
        let canonicalRequest = [
            method, path, PercentEncoding.query(query),
            sorted.map { $0.name + ":" + $0.value + "\n" }.joined(), signedHeaders, payloadHash,
        ].joined(separator: "\n")
        let date = Self.date(time)
        let scope = date.prefix(8) + "/" + region + "/" + service + "/aws4_request"
        let text = [
            "AWS4-HMAC-SHA256", date, String(scope), Hex.encode(SHA256.hash(data: Array(canonicalRequest.utf8))),
        ].joined(separator: "\n")
        return "AWS4-HMAC-SHA256 Credential=" + credentials.accessKeyID + "/" + scope + ",SignedHeaders="
            + signedHeaders + ",Signature=" + Hex.encode(mac(text, key: signingKey(day: String(date.prefix(8)))))
    }

    /// The key of one day, region and service.
    func signingKey(day: String) -> SymmetricKey {
        [day, region, service, "aws4_request"].reduce(credentials.signingSecret) { key, step in
            SymmetricKey(data: mac(step, key: key))
        }
    }

    private func mac(_ text: String, key: SymmetricKey) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
    }

    /// Without white space at the ends, and with one space for several.
    private static func collapsed(_ value: String) -> String {
        value.split(separator: " ").joined(separator: " ")
    }
}
