/// Whether a word that was read in a picture could be an identifier of the patient, with the errors that reading makes.
public struct IdentifierMatcher: Sendable, Hashable {
    private static let shortest = 3

    /// Identifiers and their parts in the spelling that is compared, longest first.
    private let parts: [[UInt8]]

    /// Takes the values of identifying attributes, in any spelling.
    public init(_ identifiers: [String]) {
        var parts: Set<[UInt8]> = []
        for identifier in identifiers {
            let pieces = identifier.split { !$0.isLetter && !$0.isNumber }
            for piece in pieces { parts.insert(Self.folded(String(piece))) }
            parts.insert(Self.folded(identifier))
        }
        self.parts = parts.filter { $0.count >= Self.shortest }.sorted { ($1.count, $0.count) < ($0.count, $1.count) }
    }

    /// Whether one of the identifiers is in the word, or nearly.
    public func matches(_ word: String) -> Bool {
        let word = Self.folded(word)
        guard word.count >= Self.shortest else { return false }
        return parts.contains { part in
            if part == word { return true }
            if part.count >= 4, Self.contains(word, part) { return true }
            // The rest of an identifier whose beginning or end was not read.
            if word.count >= 5, Self.contains(part, word) { return true }
            let errors = part.count >= 8 ? 2 : part.count >= 5 ? 1 : 0
            return errors > 0 && Self.distance(word, part, limit: errors) <= errors
        }
    }

    /// Letters and digits without accents and case; those that look alike are one.
    private static func folded(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for scalar in text.lowercased().decomposedScalars {
            switch scalar {
            case "o": bytes.append(0x30)
            case "i", "l", "|", "!": bytes.append(0x31)
            case "z": bytes.append(0x32)
            case "s": bytes.append(0x35)
            case "b": bytes.append(0x38)
            case "a"..."z", "0"..."9": bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            default:
                guard scalar.value > 0x7F, scalar.properties.isAlphabetic else { continue }
                bytes.append(contentsOf: Array(String(scalar).utf8))
            }
        }
        return bytes
    }

    private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        guard part.count <= text.count else { return false }
        return (0...text.count - part.count).contains { text[$0...].starts(with: part) }
    }

    /// Insertions, deletions and changes between two words; more than `limit` is only known to be more.
    private static func distance(_ left: [UInt8], _ right: [UInt8], limit: Int) -> Int {
        guard abs(left.count - right.count) <= limit else { return limit + 1 }
        var previous = Array(0...right.count)
        for (row, byte) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                let change = previous[column] + (byte == other ? 0 : 1)
                current.append(min(change, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[right.count]
    }
}

extension String {
    /// The scalars with accents by themselves, as far as Unicode's canonical equivalence goes.
    fileprivate var decomposedScalars: [Unicode.Scalar] {
        unicodeScalars.flatMap { scalar in
            // Latin letters with accents compare equal to a letter and a mark.
            Self.latin[scalar].map { [$0] } ?? [scalar]
        }
    }

    private static let latin: [Unicode.Scalar: Unicode.Scalar] = {
        let groups: [(Unicode.Scalar, String)] = [
            ("a", "àáâãäåāăą"), ("c", "çćčĉ"), ("d", "ďđð"), ("e", "èéêëēĕėęě"), ("g", "ğĝģ"), ("i", "ìíîïīĭįı"),
            ("l", "łľĺļ"), ("n", "ñńňņ"), ("o", "òóôõöøōŏő"), ("r", "řŕ"), ("s", "śšşș"), ("t", "ťţț"),
            ("u", "ùúûüūŭůűų"), ("y", "ýÿ"), ("z", "źžż"),
        ]
        var table: [Unicode.Scalar: Unicode.Scalar] = [:]
        for (letter, accented) in groups {
            for scalar in accented.unicodeScalars { table[scalar] = letter }
        }
        return table
    }()
}
