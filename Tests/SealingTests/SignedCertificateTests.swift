import Crypto
import Platform
import TestKit
import Testing

@testable import Sealing

@Suite struct `Signed certificates` {
    private let bench = KeyringBench()
    private let fields: [String: CertificateValue] = [
        "study": .string("1.2.3"), "packs": .array([.integer(3), .integer(-1), .object([:])]),
        "note": .string("quote \" back \\ tab \t bell \u{07} größer 🦴"), "done": .boolean(true),
        "nested": .object(["b": .array([]), "a": .boolean(false)]),
    ]

    private func make() async throws -> SignedCertificate {
        let signer = try await bench.open().certificateSigner()
        return try signer.sign(kind: "shred", made: Timestamp(microseconds: 0), fields: fields)
    }

    @Test func `one that is written and read again verifies, also with the key of the archive`() async throws {
        let certificate = try await make()
        let key = try await bench.open().certificateSigner().publicKey

        let read = try SignedCertificate(reading: Array(certificate.json.utf8))

        #expect(read == certificate)
        #expect(read.kind == "shred")
        #expect(read.statement["note"] == fields["note"])
        try read.verify()
        try read.verify(publicKey: key)
        #expect(throws: SignedCertificate.Problem.otherKey) {
            try read.verify(publicKey: [UInt8](repeating: 0, count: 32))
        }
    }

    @Test func `the signature is Ed25519 over the canonical text, as any program can check`() async throws {
        let certificate = try await make()
        let text =
            #"cassette/certificate/1"# + "\n" + #"{"archive":""# + (try await bench.open().status().tenantID.hex)
            + #"","done":true,"kind":"shred","made":"1970-01-01T00:00:00.000000Z","nested":{"a":false,"b":[]},"#
            + #""note":"quote \" back \\ tab \t bell \u0007 größer 🦴","packs":[3,-1,{}],"study":"1.2.3"}"#

        let key = try Curve25519.Signing.PublicKey(rawRepresentation: certificate.publicKey)

        #expect(key.isValidSignature(certificate.signature, for: Array(text.utf8)))
    }

    @Test func `white space and the order of names do not matter`() async throws {
        let certificate = try await make()
        let spaced = certificate.json.replacing(",", with: " ,\n ").replacing(":{", with: " : {\t")

        try SignedCertificate(reading: Array(spaced.utf8)).verify()
    }

    @Test func `any changed bit is noticed`() async throws {
        let bytes = Array(try await make().json.utf8)

        for bit in 0..<bytes.count * 8 {
            let changed = bytes.flipping(bit: bit)
            guard let read = try? SignedCertificate(reading: changed) else { continue }
            // The case of a hexadecimal digit, or another kind of white space, changes nothing.
            if let whole = try? SignedCertificate(reading: bytes), read == whole { continue }
            #expect(throws: SignedCertificate.Problem.signatureBroken, "bit \(bit)") { try read.verify() }
        }
    }

    @Test func `one that is cut off anywhere, too deep or has a name twice is refused`() async throws {
        let bytes = Array(try await make().json.utf8)

        for length in 0..<bytes.count - 1 {
            #expect(throws: SignedCertificate.Problem.malformed) {
                try SignedCertificate(reading: Array(bytes.prefix(length)))
            }
        }
        for text in [String(repeating: "[", count: 40), #"{"a":1,"a":2}"#, "1.5", "null", "[1,]", "{} {}", "\"\u{1}\""]
        {
            #expect(throws: CertificateReader.Malformed.self, "\(text)") {
                try CertificateReader.value(of: Array(text.utf8))
            }
        }
    }
}
