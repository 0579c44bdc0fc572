/// Characters that bytes mean, and whether all of the bytes meant one.
public struct DecodedText: Sendable, Hashable {
    /// The characters; U+FFFD for bytes that the character set does not define.
    public var text: String
    /// Whether no byte was replaced; the bytes of the element say what stood there otherwise.
    public var isExact: Bool

    /// Makes a text.
    public init(text: String, isExact: Bool = true) {
        self.text = text
        self.isExact = isExact
    }
}

/// What delimits parts of a text, at which the sets that escape sequences chose end (PS3.5 6.1.2.5.3).
enum TextDelimiters: Sendable, Hashable {
    /// One value, in which every character is itself.
    case none
    /// Values with backslashes between them.
    case values
    /// Values with backslashes, their parts with `^` and `=`.
    case personNames

    init(_ vr: VR) {
        self = vr == .pn ? .personNames : vr.separatesValuesByBackslash ? .values : .none
    }

    /// Whether the first set holds again from that byte on: control characters end a choice in any text.
    func contains(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x09, 0x0A, 0x0C, 0x0D: true
        case 0x5C: self != .none
        case 0x5E, 0x3D: self == .personNames
        default: false
        }
    }
}
