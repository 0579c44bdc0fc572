import ArgumentParser
import Platform
import Sealing

/// Certificates of the archive, for those who get one.
struct CertificateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificate",
        abstract: "Check certificates that an archive has signed.",
        subcommands: [Verify.self]
    )

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check the signature of a certificate.",
            discussion: """
                Needs no archive. Compare the public key with the one that `cassette keys status` shows, or give it with \
                --public-key. Exit code 1 when the certificate is not valid.
                """
        )

        @Argument(help: "The file of the certificate.")
        var file: String
        @OptionGroup var publicKey: PublicKeyOption
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let expected = try publicKey.bytes
            let text = try KeyFile(path: file, disk: PosixDisk()).read()
            let certificate: SignedCertificate
            do throws(SignedCertificate.Problem) {
                certificate = try SignedCertificate(reading: Array(text.utf8))
                try certificate.verify(publicKey: expected)
            } catch {
                if json {
                    Console.say(
                        JSONText.object([("valid", "false"), ("problem", JSONText.string(error.description))])
                    )
                }
                throw CommandFailure("\(file): \(error.description)")
            }
            let key = Hex.encode(certificate.publicKey)
            if json {
                Console.say(
                    JSONText.object([
                        ("valid", "true"), ("publicKey", JSONText.string(key)),
                        ("statement", certificate.statement.canonicalJSON),
                    ])
                )
            } else {
                Console.say("Valid: a certificate of kind '\(certificate.kind)', signed by \(key)")
                Console.say(certificate.statement.canonicalJSON)
                if expected == nil { Console.complain("Compare the key with that of the archive, or use --public-key") }
            }
        }
    }
}
