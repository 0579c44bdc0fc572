import NIOCore

extension DataElement {
    /// A text element in UTF-8, values separated by backslash, padded to even length.
    ///
    /// A Data Set with characters beyond ASCII needs Specific Character Set ISO_IR 192 beside it.
    public static func text(_ tag: Tag, _ vr: VR, _ values: [String]) -> DataElement {
        var bytes = ByteBuffer()
        for (position, value) in values.enumerated() {
            if position > 0 { bytes.writeInteger(UInt8(0x5C)) }
            bytes.writeString(value)
        }
        if bytes.readableBytes % 2 == 1 { bytes.writeInteger(vr.padding) }
        return DataElement(tag: tag, vr: vr, value: .bytes(bytes))
    }

    /// A text element with one value.
    public static func text(_ tag: Tag, _ vr: VR, _ value: String) -> DataElement {
        text(tag, vr, [value])
    }

    /// An element with identifiers.
    public static func uid(_ tag: Tag, _ values: UID...) -> DataElement {
        text(tag, .ui, values.map(\.string))
    }

    /// An element with identifiers.
    public static func uids(_ tag: Tag, _ values: [UID]) -> DataElement {
        text(tag, .ui, values.map(\.string))
    }

    /// An element of VR US.
    public static func unsignedShort(_ tag: Tag, _ values: UInt16...) -> DataElement {
        number(tag, .us, values)
    }

    /// An element of VR SS.
    public static func signedShort(_ tag: Tag, _ values: Int16...) -> DataElement {
        number(tag, .ss, values)
    }

    /// An element of VR UL.
    public static func unsignedLong(_ tag: Tag, _ values: UInt32...) -> DataElement {
        number(tag, .ul, values)
    }

    /// An element of VR SL.
    public static func signedLong(_ tag: Tag, _ values: Int32...) -> DataElement {
        number(tag, .sl, values)
    }

    /// An element of VR FL.
    public static func float(_ tag: Tag, _ values: Float...) -> DataElement {
        number(tag, .fl, values.map(\.bitPattern))
    }

    /// An element of VR FD.
    public static func double(_ tag: Tag, _ values: Double...) -> DataElement {
        number(tag, .fd, values.map(\.bitPattern))
    }

    /// An element of VR AT.
    public static func tags(_ tag: Tag, _ values: [Tag]) -> DataElement {
        number(tag, .at, values.flatMap { [$0.group, $0.element] })
    }

    /// A sequence.
    public static func sequence(_ tag: Tag, _ items: [DataSet]) -> DataElement {
        DataElement(tag: tag, vr: .sq, value: .items(items))
    }

    /// An element without value.
    public static func empty(_ tag: Tag, _ vr: VR) -> DataElement {
        DataElement(tag: tag, vr: vr, value: vr == .sq ? .items([]) : .bytes(ByteBuffer()))
    }

    private static func number(_ tag: Tag, _ vr: VR, _ words: [some FixedWidthInteger]) -> DataElement {
        var bytes = ByteBuffer()
        for word in words {
            bytes.writeInteger(word, endianness: .little)
        }
        return DataElement(tag: tag, vr: vr, value: .bytes(bytes))
    }
}
