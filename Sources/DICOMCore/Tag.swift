/// A Data Element Tag: group number and element number (PS3.5 3.10).
public struct Tag: Sendable, Hashable, Comparable {
    /// The group in the high 16 bits, the element in the low 16.
    public let rawValue: UInt32

    /// Makes a tag from its 32-bit form, for example `0x0010_0020` for Patient ID.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Makes a tag from its group and element number.
    public init(group: UInt16, element: UInt16) {
        rawValue = UInt32(group) << 16 | UInt32(element)
    }

    /// The group number.
    public var group: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 16) }

    /// The element number.
    public var element: UInt16 { UInt16(truncatingIfNeeded: rawValue) }

    /// Whether the group is odd, hence owned by a vendor (PS3.5 7.8).
    public var isPrivate: Bool { group & 1 == 1 }

    /// Whether this element reserves a block of private elements for a creator (PS3.5 7.8.1).
    public var isPrivateCreator: Bool { isPrivate && (0x0010...0x00FF).contains(element) }

    /// Whether this element holds the length of its group (PS3.5 7.2).
    public var isGroupLength: Bool { element == 0 }

    /// Orders as elements stand in a Data Set: by group, then element.
    public static func < (left: Tag, right: Tag) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension Tag: CustomStringConvertible {
    /// The tag as the standard prints it: `(0010,0020)`.
    public var description: String {
        let digits = hexadecimal
        return "(" + digits.prefix(4) + "," + digits.suffix(4) + ")"
    }

    /// The tag as eight upper-case hexadecimal digits, the key of the DICOM JSON model (PS3.18 F.2.2).
    public var hexadecimal: String {
        var digits: [UInt8] = []
        digits.reserveCapacity(8)
        for shift in stride(from: UInt32(28), through: 0, by: -4) {
            let nibble = UInt8(truncatingIfNeeded: rawValue >> shift) & 0xF
            digits.append(nibble < 10 ? 0x30 + nibble : 0x37 + nibble)
        }
        return String(decoding: digits, as: UTF8.self)
    }

    /// Reads eight hexadecimal digits in either case; `nil` for anything else.
    public init?(hexadecimal: some StringProtocol) {
        guard hexadecimal.utf8.count == 8 else { return nil }
        var value: UInt32 = 0
        for digit in hexadecimal.utf8 {
            switch digit {
            case 0x30...0x39: value = value << 4 | UInt32(digit - 0x30)
            case 0x41...0x46: value = value << 4 | UInt32(digit - 0x37)
            case 0x61...0x66: value = value << 4 | UInt32(digit - 0x57)
            default: return nil
            }
        }
        rawValue = value
    }
}
