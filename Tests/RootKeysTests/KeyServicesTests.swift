import Crypto
import Foundation
import NIOHTTP1
import Platform
import RootKeys
import Sealing
import TestKit
import Testing

/// Against a small server of the tests that answers in the form that the documents of Vault and AWS show: no real one runs
/// here.
@Suite struct `Root keys in key services` {
    private let disk = MemoryDisk()
    private let key = SymmetricKey(data: [UInt8](repeating: 7, count: 32))
    private var keyText: String { Data([UInt8](repeating: 7, count: 32)).base64EncodedString() }

    private func code(_ body: () async throws -> Void) async -> RootKeyError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? RootKeyError)?.code
        }
    }

    private func vault(_ server: RecordedServer, port: Int? = nil) throws -> VaultRootKeyProvider {
        disk.setContent("/token", Array("s.token\n".utf8))
        var configuration = VaultRootKeyProvider.Configuration(
            address: port.map { "http://127.0.0.1:\($0)" } ?? server.address,
            key: "cassette",
            tokenFile: "/token"
        )
        configuration.namespace = "hospital/radiology"
        return try VaultRootKeyProvider(configuration, disk: disk, pool: TestPool.shared)
    }

    private func kms(_ server: RecordedServer, clock: ManualClock = ManualClock()) throws -> AWSKMSRootKeyProvider {
        disk.setContent("/access", Array("AKIDEXAMPLE\nwJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\nsession\n".utf8))
        var configuration = AWSKMSRootKeyProvider.Configuration(
            keyID: "alias/cassette",
            region: "eu-central-1",
            accessKeyFile: "/access"
        )
        configuration.endpoint = server.address
        return try AWSKMSRootKeyProvider(configuration, disk: disk, pool: TestPool.shared, clock: clock)
    }

    @Test func `Vault encrypts and decrypts with associated data, token and namespace`() async throws {
        let plaintext = keyText
        let server = try await RecordedServer { request in
            let data =
                request.path == "/v1/transit/encrypt/cassette"
                ? #"{"ciphertext":"vault:v1:abc+/=","key_version":1}"# : #"{"plaintext":"\#(plaintext)"}"#
            return (
                .ok,
                #"{"request_id":"r","lease_id":"","renewable":false,"lease_duration":0,"data":\#(data),"wrap_info":null}"#
            )
        }
        let provider = try vault(server)
        try await provider.prepare(mayCreate: false)

        let wrapped = try await provider.wrap(key)
        let unwrapped = try await provider.unwrap(wrapped)

        #expect(wrapped == Array("vault:v1:abc+/=".utf8))
        #expect(unwrapped == key)
        #expect(server.received.map(\.path) == ["/v1/transit/encrypt/cassette", "/v1/transit/decrypt/cassette"])
        let associated = Data("cassette/root/1".utf8).base64EncodedString()
        #expect(
            server.received.map(\.body) == [
                #"{"associated_data":"\#(associated)","plaintext":"\#(plaintext)"}"#,
                #"{"associated_data":"\#(associated)","ciphertext":"vault:v1:abc+/="}"#,
            ]
        )
        for request in server.received {
            #expect(request.headers.first(name: "X-Vault-Token") == "s.token")
            #expect(request.headers.first(name: "X-Vault-Namespace") == "hospital/radiology")
        }
        try await server.stop()
    }

    @Test(
        arguments: [
            (HTTPResponseStatus.badRequest, RootKeyError.Code.wrongKey), (.forbidden, .unavailable),
            (.notFound, .missing), (.serviceUnavailable, .unavailable), (.ok, .malformed), (.found, .unavailable),
        ]
    )
    func `what Vault refuses is told`(status: HTTPResponseStatus, expected: RootKeyError.Code) async throws {
        let server = try await RecordedServer { _ in (status, #"{"errors":["x"]}"#) }
        let provider = try vault(server)

        #expect(await code { _ = try await provider.unwrap(Array("vault:v1:abc".utf8)) } == expected)
        #expect(await code { _ = try await provider.unwrap([1, 2]) } == .wrongKey)
        try await server.stop()
        let late = try vault(server, port: 1)
        #expect(await code { _ = try await late.wrap(key) } == .unavailable)
    }

    @Test func `AWS KMS encrypts and decrypts with an encryption context, signed`() async throws {
        let plaintext = keyText
        let server = try await RecordedServer { request in
            request.headers.first(name: "X-Amz-Target") == "TrentService.Encrypt"
                ? (.ok, #"{"CiphertextBlob":"AQIDBA==","KeyId":"arn","EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#)
                : (.ok, #"{"KeyId":"arn","Plaintext":"\#(plaintext)","EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#)
        }
        let provider = try kms(server)
        try await provider.prepare(mayCreate: false)

        let wrapped = try await provider.wrap(key)
        let unwrapped = try await provider.unwrap(wrapped)

        #expect(wrapped == [1, 2, 3, 4])
        #expect(unwrapped == key)
        #expect(
            server.received.map(\.body) == [
                #"{"EncryptionContext":{"cassette":"root/1"},"KeyId":"alias/cassette","Plaintext":"\#(plaintext)"}"#,
                #"{"CiphertextBlob":"AQIDBA==","EncryptionContext":{"cassette":"root/1"},"KeyId":"alias/cassette"}"#,
            ]
        )
        for request in server.received {
            let authorization = request.headers.first(name: "Authorization") ?? ""
            #expect(authorization.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"))
            #expect(authorization.contains("/eu-central-1/kms/aws4_request"))
            #expect(
                authorization.contains(
                    "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
                )
            )
            #expect(request.headers.first(name: "X-Amz-Security-Token") == "session")
            #expect(request.headers.first(name: "Content-Type") == "application/x-amz-json-1.1")
            // What is signed is what is sent.
            #expect("http://" + (request.headers.first(name: "Host") ?? "") == server.address)
        }
        try await server.stop()
    }

    @Test(
        arguments: [
            ("InvalidCiphertextException", RootKeyError.Code.wrongKey), ("NotFoundException", .missing),
            ("com.amazonaws.kms#IncorrectKeyException", .wrongKey), ("AccessDeniedException", .unavailable),
        ]
    )
    func `what AWS KMS refuses is told`(type: String, expected: RootKeyError.Code) async throws {
        let server = try await RecordedServer { _ in (.badRequest, #"{"__type":"\#(type)","message":"m"}"#) }

        #expect(await code { _ = try await kms(server).unwrap([1, 2]) } == expected)
        try await server.stop()
    }

    @Test func `a keyring whose wrapped key is longer than forty bytes opens again`() async throws {
        let vault = try await RecordedServer { request in
            // A toy: the ciphertext is the plaintext behind a prefix.
            guard let body = try? JSONDecoder().decode([String: String].self, from: Data(request.body.utf8)) else {
                return (.badRequest, "{}")
            }
            if let plaintext = body["plaintext"] {
                return (.ok, #"{"data":{"ciphertext":"vault:v1:\#(String(repeating: "x", count: 300))\#(plaintext)"}}"#)
            }
            let text = String(body["ciphertext"]?.dropFirst(309) ?? "")
            return (.ok, #"{"data":{"plaintext":"\#(text)"}}"#)
        }
        let open = { () async throws in
            try await Keyring.open(
                directories: ["/a", "/b"],
                provider: self.vault(vault),
                disk: disk,
                pool: TestPool.shared,
                random: SeededRandomSource(),
                clock: ManualClock()
            )
        }
        let keyring = try await open()
        let id = keyring.keyID(for: [1])
        let key = try await keyring.studyKeyCreatingIfNeeded(id)
        try await keyring.rotate()
        let record = RandomID(high: 0, low: 0)

        let found = try await open().existingStudyKey(id)

        #expect(
            found?.recordKey(purpose: "t", recordID: record) == key.recordKey(purpose: "t", recordID: record)
        )
        try await vault.stop()
    }
}
