import NIOCore

extension DataElement {
    /// The values as text, without padding; text of LT, ST, UT and UR is one value.
    ///
    /// Empty for binary values and bulk.
    ///
    /// An empty value field has no values; an empty value between backslashes is an empty string.
    public func strings(_ characterSet: SpecificCharacterSet) -> [String] {
        decodedStrings(characterSet).values
    }

    /// The values as text like ``strings(_:)``, and whether every byte of them meant a character.
    public func decodedStrings(_ characterSet: SpecificCharacterSet) -> (values: [String], isExact: Bool) {
        guard vr.isText, let bytes, bytes.readableBytes > 0 else { return ([], true) }
        let decoded = (vr.usesSpecificCharacterSet ? characterSet : .ascii).decoded(bytes.readableBytesView, vr)
        guard vr.separatesValuesByBackslash else {
            let trimmed = PaddedText.trimmed(decoded.text, leading: false)
            return (trimmed.isEmpty ? [] : [trimmed], decoded.isExact)
        }
        let values = decoded.text.utf8.split(separator: 0x5C, omittingEmptySubsequences: false)
            .map { PaddedText.trimmed(String(Substring($0)), leading: vr != .uc) }
        return (values.count == 1 && values[0].isEmpty ? [] : values, decoded.isExact)
    }

    /// The values as integers: of binary VRs, of IS, and of AT as the tag's 32 bits.
    ///
    /// What is no integer is left out, and so is what is beyond `Int`; ``values(_:)`` has all.
    public var integers: [Int] {
        switch vr {
        case .us, .ow: words(UInt16.self).map(Int.init)
        case .ss: words(Int16.self).map(Int.init)
        case .ul, .ol: words(UInt32.self).map(Int.init)
        case .sl: words(Int32.self).map(Int.init)
        case .uv, .ov: words(UInt64.self).compactMap { Int(exactly: $0) }
        case .sv: words(Int64.self).compactMap { Int(exactly: $0) }
        case .ob: (bytes?.readableBytesView).map { $0.map(Int.init) } ?? []
        case .at: tags.map { Int($0.rawValue) }
        case .is: strings(.ascii).compactMap(Self.integer)
        default: []
        }
    }

    /// The values as numbers: FL, FD, OF, OD, DS and all that have integers.
    ///
    /// What is no finite number is left out.
    public var decimals: [Double] {
        switch vr {
        case .fl, .of: words(UInt32.self).map { Double(Float(bitPattern: $0)) }
        case .fd, .od: words(UInt64.self).map { Double(bitPattern: $0) }
        case .ds: strings(.ascii).compactMap(Self.decimal)
        case .uv, .ov: words(UInt64.self).map(Double.init)
        default: integers.map(Double.init)
        }
    }

    /// The tags of an AT value.
    public var tags: [Tag] {
        guard vr == .at, var bytes else { return [] }
        var tags: [Tag] = []
        while let group = bytes.readInteger(endianness: .little, as: UInt16.self),
            let element = bytes.readInteger(endianness: .little, as: UInt16.self)
        {
            tags.append(Tag(group: group, element: element))
        }
        return tags
    }

    /// Reads the text of an Integer String; `nil` for anything but an optional sign and digits that fit.
    public static func integer(_ text: String) -> Int? {
        Int(text)
    }

    /// Reads the text of a Decimal String; `nil` for anything but a finite number in fixed or exponent form.
    public static func decimal(_ text: String) -> Double? {
        // Double accepts names and hexadecimal as well; a DS is made of these characters only (PS3.5 6.2).
        let isAllowed = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x2B, 0x2D, 0x2E, 0x45, 0x65: true
            default: false
            }
        }
        guard isAllowed, let number = Double(text), number.isFinite else { return nil }
        return number
    }
}
