/// A media type or range with its parameters (RFC 9110 8.3.1), names in lower case.
struct MediaType: Sendable, Hashable {
    /// Type and subtype, for example `application/dicom` or `image/*`.
    let essence: String
    /// The parameters; of several with one name the first counts.
    let parameters: [String: String]

    init(essence: String, parameters: [String: String] = [:]) {
        self.essence = essence
        self.parameters = parameters
    }

    /// Reads the value of a Content-Type; `nil` when it is malformed.
    init?(_ text: some StringProtocol) {
        var scanner = HeaderScanner(text)
        guard let type = MediaType(scanning: &scanner), scanner.isAtEnd else { return nil }
        self = type
    }

    /// Reads up to a comma or the end.
    init?(scanning scanner: inout HeaderScanner) {
        scanner.skipWhiteSpace()
        guard let type = scanner.token(), scanner.take(0x2F), let subtype = scanner.token() else { return nil }
        var parameters: [String: String] = [:]
        scanner.skipWhiteSpace()
        while scanner.take(0x3B) {
            scanner.skipWhiteSpace()
            guard let name = scanner.token() else { continue }
            guard scanner.take(0x3D), let value = scanner.parameterValue() else { return nil }
            if parameters[name.lowercased()] == nil { parameters[name.lowercased()] = value }
            scanner.skipWhiteSpace()
        }
        essence = type.lowercased() + "/" + subtype.lowercased()
        self.parameters = parameters
    }

    /// Whether this range includes that media type.
    func includes(_ other: String) -> Bool {
        Self.range(essence, includes: other)
    }

    /// Whether a range like `image/*` includes a media type.
    static func range(_ range: String, includes other: String) -> Bool {
        if range == "*/*" || range == other { return true }
        guard range.hasSuffix("/*") else { return false }
        return other.hasPrefix(range.dropLast(1))
    }
}
