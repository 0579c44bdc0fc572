/// A value of a certificate: what JSON can say without fractions.
public enum CertificateValue: Sendable, Hashable {
    /// A text.
    case string(String)
    /// A whole number.
    case integer(Int64)
    /// True or false.
    case boolean(Bool)
    /// Values in their order.
    case array([CertificateValue])
    /// Values by name.
    case object([String: CertificateValue])

    /// The one JSON text of this value (RFC 8785): names sorted, no white space, only what must be escaped is escaped.
    ///
    /// Names are to be ASCII: then the order by bytes is that of the standard.
    public var canonicalJSON: String {
        var text = ""
        var work: [Piece] = [.value(self)]
        while let piece = work.popLast() {
            switch piece {
            case .text(let part): text += part
            case .value(.string(let string)): text += Self.quoted(string)
            case .value(.integer(let number)): text += String(number)
            case .value(.boolean(let flag)): text += flag ? "true" : "false"
            case .value(.array(let values)):
                work.append(.text("]"))
                for (position, value) in values.enumerated().reversed() {
                    work.append(.value(value))
                    if position > 0 { work.append(.text(",")) }
                }
                work.append(.text("["))
            case .value(.object(let members)):
                work.append(.text("}"))
                let names = members.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
                for (position, name) in names.enumerated().reversed() {
                    if let value = members[name] { work.append(.value(value)) }
                    work.append(.text((position > 0 ? "," : "") + Self.quoted(name) + ":"))
                }
                work.append(.text("{"))
            }
        }
        return text
    }

    /// What is still to be written; a list in the place of recursion.
    private enum Piece {
        case text(String)
        case value(CertificateValue)
    }

    /// The member of an object; `nil` for anything else.
    public subscript(name: String) -> CertificateValue? {
        guard case .object(let members) = self else { return nil }
        return members[name]
    }

    /// The text of a string; `nil` for anything else.
    public var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    private static func quoted(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\u{08}": text += "\\b"
            case "\u{09}": text += "\\t"
            case "\u{0A}": text += "\\n"
            case "\u{0C}": text += "\\f"
            case "\u{0D}": text += "\\r"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
