import Crypto
import NIOCore
public import Platform

/// The token of a researcher: `cst_<id>_<secret>_<check>`, shown once and kept as a digest.
///
/// The id finds the row, the secret of 256 bits proves, and the check tells a token that was copied in part before anything
/// is looked up. The beginning is the same for all, so that tools which look for secrets in files find one.
public struct ResearchToken: Sendable, Hashable {
    private static let prefix = "cst"
    private static let secretLength = 43
    private static let checkLength = 8

    /// Names the researcher.
    public let id: RandomID
    /// SHA-256 of the whole text.
    public let digest: [UInt8]

    /// Reads a token; `nil` for any other text.
    public init?(_ text: String) {
        let parts = text.split(separator: "_", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == Self.prefix, parts[1].utf8.count == 32, let id = RandomID(hex: parts[1])
        else { return nil }
        // The secret may hold the separator, too: its length is fixed.
        let rest = Array(parts[2].utf8)
        guard rest.count == Self.secretLength + 1 + Self.checkLength, rest[Self.secretLength] == UInt8(ascii: "_")
        else { return nil }
        let check = String(decoding: rest.suffix(Self.checkLength), as: UTF8.self)
        let checked = String(decoding: text.utf8.dropLast(Self.checkLength + 1), as: UTF8.self)
        guard check == Self.check(of: checked) else { return nil }
        self.id = id
        digest = Array(SHA256.hash(data: Array(text.utf8)))
    }

    /// Draws a new token.
    ///
    /// - Returns: Its text, for the one who is to use it, and what is kept of it.
    public static func make(random: some RandomSource) -> (text: String, token: ResearchToken)? {
        let body = prefix + "_" + RandomID(random: random).hex + "_" + BearerTokens.makeToken(random: random)
        let text = body + "_" + check(of: body)
        return ResearchToken(text).map { (text, $0) }
    }

    /// Whether the digest that is kept is of this token; the time tells nothing of it.
    public func matches(_ digest: [UInt8]) -> Bool { ConstantTime.equal(self.digest, digest) }

    private static func check(of text: String) -> String {
        let digits = String(CRC32C.checksum(ByteBuffer(string: text)), radix: 16)
        return String(repeating: "0", count: checkLength - digits.utf8.count) + digits
    }
}

extension ResearchToken: CustomStringConvertible, CustomReflectable {
    /// The id, not the secret.
    public var description: String { "ResearchToken(" + id.hex + ")" }

    /// The id, not the secret.
    public var customMirror: Mirror { Mirror(self, children: ["id": id.hex]) }
}
