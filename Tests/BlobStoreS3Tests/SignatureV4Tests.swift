import Crypto
import Platform
import Testing

@testable import BlobStoreS3

/// The examples that AWS publishes for S3 ("Authenticating Requests: Using the Authorization Header") and for keys.
@Suite struct `Signatures of requests` {
    private static let credentials = S3Credentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    )
    private static let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    /// 2013-05-24T00:00:00Z.
    private static let time = Timestamp(microseconds: 1_369_353_600_000_000)

    private func signature(
        _ method: String,
        _ path: String,
        query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [],
        payloadHash: String = empty
    ) -> String {
        let all =
            headers + [
                ("Host", "examplebucket.s3.amazonaws.com"), ("x-amz-content-sha256", payloadHash),
                ("x-amz-date", "20130524T000000Z"),
            ]
        return SignatureV4(credentials: Self.credentials, region: "us-east-1", service: "s3").authorization(
            method: method,
            path: path,
            query: query,
            headers: all,
            payloadHash: payloadHash,
            time: Self.time
        )
    }

    @Test func `a ranged GET`() {
        #expect(
            signature("GET", "/test.txt", headers: [("Range", "bytes=0-9")])
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        )
    }

    @Test func `a PUT with a body and a name that is encoded`() {
        let authorization = signature(
            "PUT",
            "/test%24file.text",
            headers: [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            payloadHash: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
        )

        #expect(authorization.hasSuffix("=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"))
        #expect(authorization.contains("SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,"))
    }

    @Test func `a query without a value`() {
        #expect(
            signature("GET", "/", query: [("lifecycle", "")])
                .hasSuffix("=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
        )
    }

    @Test func `a query with several values, in any order`() {
        #expect(
            signature("GET", "/", query: [("prefix", "J"), ("max-keys", "2")])
                .hasSuffix("=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
        )
    }

    @Test func `the key of a day, a region and a service`() {
        let credentials = S3Credentials(
            accessKeyID: "AKIDEXAMPLE",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
        )

        let key = SignatureV4(credentials: credentials, region: "us-east-1", service: "iam").signingKey(day: "20150830")

        // The bytes live for the call.
        let bytes = unsafe key.withUnsafeBytes { unsafe Hex.encode($0) }
        #expect(bytes == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9")
    }

    @Test func `credentials show no secret`() {
        var text = ""
        dump(Self.credentials, to: &text)

        #expect(!"\(Self.credentials) \(String(reflecting: Self.credentials)) \(text)".contains("wJalr"))
    }
}
