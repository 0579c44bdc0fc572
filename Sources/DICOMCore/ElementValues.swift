public import NIOCore

/// A value as it was written, and what it means where it follows its Value Representation.
public struct ReadValue<Value: Sendable & Hashable>: Sendable, Hashable {
    /// The text without padding; empty for an empty value.
    public let raw: String
    /// What it means; `nil` when it is empty or malformed, or beyond what `Value` holds.
    public let value: Value?

    /// Puts both together.
    public init(raw: String, value: Value?) {
        self.raw = raw
        self.value = value
    }
}

/// The values of an element in the types of its Value Representation.
public enum ElementValues: Sendable, Hashable {
    /// AE, CS, LO, SH, UC; LT, ST, UR and UT with one value at most.
    case strings([String])
    /// UI.
    case uids([ReadValue<UID>])
    /// PN.
    case personNames([PersonName])
    /// DA.
    case dates([ReadValue<DICOMDate>])
    /// TM.
    case times([ReadValue<DICOMTime>])
    /// DT.
    case dateTimes([ReadValue<DICOMDateTime>])
    /// AS.
    case ages([ReadValue<AgeString>])
    /// IS; beyond 64 bits the text only.
    case integerStrings([ReadValue<Int>])
    /// DS.
    case decimalStrings([ReadValue<Double>])
    /// AT.
    case tags([Tag])
    /// SL, SS, SV.
    case signed([Int64])
    /// OL, OV, OW, UL, US, UV.
    case unsigned([UInt64])
    /// FL, OF.
    case floats([Float])
    /// FD, OD.
    case doubles([Double])
    /// OB, UN.
    case bytes(ByteBuffer)
    /// SQ.
    case items([DataSet])
    /// What stays in the stored object.
    case bulk(BulkValue)
}

extension DataElement {
    /// The values in the types of the Value Representation.
    ///
    /// Half of a binary number at the end is left out; ``bytes`` has it.
    public func values(_ characterSet: SpecificCharacterSet) -> ElementValues {
        switch value {
        case .items(let items): return .items(items)
        case .bulk(let bulk): return .bulk(bulk)
        case .bytes(let bytes):
            switch vr {
            case .ui: return .uids(read(characterSet) { UID($0) })
            case .pn: return .personNames(strings(characterSet).map { PersonName($0) })
            case .da: return .dates(read(characterSet) { DICOMDate($0) })
            case .tm: return .times(read(characterSet) { DICOMTime($0) })
            case .dt: return .dateTimes(read(characterSet) { DICOMDateTime($0) })
            case .as: return .ages(read(characterSet) { AgeString($0) })
            case .is: return .integerStrings(read(characterSet) { Self.integer($0) })
            case .ds: return .decimalStrings(read(characterSet) { Self.decimal($0) })
            case .at: return .tags(tags)
            case .ss: return .signed(words(Int16.self).map { Int64($0) })
            case .sl: return .signed(words(Int32.self).map { Int64($0) })
            case .sv: return .signed(words(Int64.self))
            case .us, .ow: return .unsigned(words(UInt16.self).map { UInt64($0) })
            case .ul, .ol: return .unsigned(words(UInt32.self).map { UInt64($0) })
            case .uv, .ov: return .unsigned(words(UInt64.self))
            case .fl, .of: return .floats(words(UInt32.self).map { Float(bitPattern: $0) })
            case .fd, .od: return .doubles(words(UInt64.self).map { Double(bitPattern: $0) })
            case .ae, .cs, .lo, .sh, .uc, .lt, .st, .ur, .ut: return .strings(strings(characterSet))
            case .ob, .un, .sq: return .bytes(bytes)
            }
        }
    }

    private func read<Value>(
        _ characterSet: SpecificCharacterSet,
        _ read: (String) -> Value?
    ) -> [ReadValue<Value>] {
        strings(characterSet).map { ReadValue(raw: $0, value: read($0)) }
    }

    /// The whole binary numbers of the value.
    func words<Word: FixedWidthInteger>(_: Word.Type) -> [Word] {
        guard var bytes else { return [] }
        var words: [Word] = []
        words.reserveCapacity(bytes.readableBytes / MemoryLayout<Word>.size)
        while let word = bytes.readInteger(endianness: .little, as: Word.self) { words.append(word) }
        return words
    }
}
