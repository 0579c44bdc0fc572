import ArchiveCatalog

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
            guard let decoded = PercentDecoding.decoded(segment), !decoded.isEmpty,
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
