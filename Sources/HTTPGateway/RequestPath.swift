/// The path of a request, decoded once and split: everything behind this border is one of a few harmless characters.
package struct RequestPath: Sendable, Hashable {
    /// The segments; a slash at the end makes none.
    package let segments: [String]

    /// Reads the path of a request target.
    ///
    /// - Throws: `.badRequest` for percent signs that encode nothing, empty and dot segments, and every character that no
    ///   resource of the archive has: what is left are letters, digits, and `- . _ ,`.
    package init(_ raw: some StringProtocol) throws(RequestError) {
        var bytes = Array(raw.utf8)[...]
        guard bytes.popFirst() == 0x2F else { throw Self.malformed }
        if bytes.last == 0x2F { bytes.removeLast() }
        guard !bytes.isEmpty else {
            segments = []
            return
        }
        var segments: [String] = []
        for segment in bytes.split(separator: 0x2F, omittingEmptySubsequences: false) {
            guard let decoded = PercentEncoding.decoded(segment), !decoded.isEmpty,
                decoded.allSatisfy(Self.isAllowed), decoded != [0x2E], decoded != [0x2E, 0x2E]
            else { throw Self.malformed }
            segments.append(String(decoding: decoded, as: UTF8.self))
        }
        self.segments = segments
    }

    private static var malformed: RequestError {
        RequestError(.badRequest, "The path holds a character, an encoding or a segment that no resource has")
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2C, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }
}

/// Percent-encoding (RFC 3986 2.1).
enum PercentEncoding {
    /// The bytes with each `%XX` replaced, once; `nil` when a percent sign has no two digits behind it.
    static func decoded(_ bytes: some Collection<UInt8>, plusIsSpace: Bool = false) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case 0x25:
                guard let high = iterator.next().flatMap(digit), let low = iterator.next().flatMap(digit) else {
                    return nil
                }
                result.append(high << 4 | low)
            case 0x2B where plusIsSpace: result.append(0x20)
            default: result.append(byte)
            }
        }
        return result
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
