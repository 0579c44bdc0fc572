/// The address of a server: `https://host:port/path/`.
public struct StoreEndpoint: Sendable, Hashable {
    /// `http` or `https`.
    public let scheme: String
    /// The name or number of the host, and the port unless it is the usual one.
    public let authority: String
    /// The encoded path, with `/` at its beginning and end.
    public let path: String

    /// Reads an address; `nil` when it is none, or holds a name, password, query or fragment.
    public init?(_ text: String) {
        guard let colon = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<colon.lowerBound].lowercased()
        let rest = text[colon.upperBound...]
        let authority = rest.prefix { $0 != "/" }.lowercased()
        guard scheme == "http" || scheme == "https", !authority.isEmpty,
            authority.utf8.allSatisfy({ Self.isAllowed($0) }),
            rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !rest.contains(where: { "?#@\"<>\\".contains($0) })
        else { return nil }
        self.scheme = scheme
        let usualPort = scheme == "http" ? ":80" : ":443"
        self.authority = authority.hasSuffix(usualPort) ? String(authority.dropLast(usualPort.count)) : authority
        let path = rest.dropFirst(authority.count)
        self.path = path.hasSuffix("/") ? String(path) : path + "/"
    }

    /// Whether what is sent can be read on the way.
    public var isPlain: Bool { scheme == "http" }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
