import ArgumentParser
import Platform

/// Whose signature is expected.
struct PublicKeyOption: ParsableArguments {
    @Option(name: .customLong("public-key"), help: "The public key that must have signed: 64 hexadecimal digits.")
    var text: String?

    /// The bytes of the key; `nil` when none is expected.
    ///
    /// - Throws: `ValidationError` for a text that is no key.
    var bytes: [UInt8]? {
        get throws {
            try text.map { text in
                guard let bytes = Hex.decode(text), bytes.count == 32 else {
                    throw ValidationError("--public-key has 64 hexadecimal digits")
                }
                return bytes
            }
        }
    }
}
