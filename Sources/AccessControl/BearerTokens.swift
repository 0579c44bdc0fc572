import Crypto
public import Platform

/// The bearer tokens that open the HTTP door, kept as digests.
public struct BearerTokens: Sendable {
    private let administratorDigest: [UInt8]
    private let monitorDigest: [UInt8]?
    private let researcher: @Sendable (ResearchToken) -> Principal?

    /// Knows the administrator token, and the one for metrics.
    ///
    /// Only their digests are kept.
    ///
    /// - Parameter researcher: Who holds a token of a project, which may be taken away at any time.
    public init(
        administratorToken: String,
        monitorToken: String? = nil,
        researcher: @escaping @Sendable (ResearchToken) -> Principal? = { _ in nil }
    ) {
        self.researcher = researcher
        administratorDigest = Self.digest(administratorToken)
        monitorDigest = monitorToken.map { Self.digest($0) }
    }

    /// Who presents that token; `nil` for an unknown one.
    ///
    /// Digests are compared, all bytes of them whatever the first difference, so the time tells nothing of the token.
    public func principal(presenting token: some StringProtocol) -> Principal? {
        let presented = Self.digest(String(token))
        if Self.areEqual(presented, administratorDigest) { return Principal(.administrator) }
        if let monitorDigest, Self.areEqual(presented, monitorDigest) { return Principal(.monitor) }
        return ResearchToken(String(token)).flatMap { researcher($0) }
    }

    private static func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// Draws a new token: 256 random bits as 43 URL-safe characters.
    public static func makeToken(random: some RandomSource) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var token: [UInt8] = []
        var pending = 0
        var pendingBits = 0
        for byte in random.bytes(32) {
            pending = pending << 8 | Int(byte)
            pendingBits += 8
            while pendingBits >= 6 {
                pendingBits -= 6
                token.append(alphabet[pending >> pendingBits & 0x3F])
            }
            pending &= (1 << pendingBits) - 1
        }
        token.append(alphabet[pending << (6 - pendingBits) & 0x3F])
        return String(decoding: token, as: UTF8.self)
    }

    private static func digest(_ text: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(text.utf8)))
    }
}
