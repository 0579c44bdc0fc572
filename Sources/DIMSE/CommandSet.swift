public import DICOMCore
public import NIOCore

/// A Command Set: elements of group 0000 in Implicit VR Little Endian (PS3.7 6.3.1).
public struct CommandSet: Sendable, Hashable {
    private struct Element: Hashable {
        let number: UInt16
        let value: ByteBuffer
    }

    private var elements: [Element] = []

    /// More elements than any command of the standard has.
    private static let elementCountLimit = 64

    /// Makes an empty Command Set.
    public init() {}

    /// Decodes a whole Command Set. The group length is not needed, and not believed.
    ///
    /// - Throws: `.commandInvalid` for bytes that are not elements of group 0000, in Explicit VR for example.
    public init(decoding bytes: ByteBuffer) throws(DIMSEError) {
        var bytes = bytes
        while bytes.readableBytes > 0 {
            guard
                let (group, number, length) = bytes.readMultipleIntegers(
                    endianness: .little,
                    as: (UInt16, UInt16, UInt32).self
                ),
                group == 0, let count = Int(exactly: length), let value = bytes.readSlice(length: count),
                elements.count < Self.elementCountLimit
            else { throw DIMSEError(.commandInvalid) }
            if number != 0 { elements.append(Element(number: number, value: value)) }
        }
    }

    /// The bytes, with their group length before them.
    public func encoded() -> ByteBuffer {
        let length = elements.reduce(0) { $0 + 8 + $1.value.readableBytes }
        var bytes = ByteBuffer()
        bytes.reserveCapacity(12 + length)
        bytes.writeMultipleIntegers(
            UInt16(0),
            UInt16(0),
            UInt32(4),
            UInt32(clamping: length),
            endianness: .little
        )
        for element in elements {
            bytes.writeMultipleIntegers(
                UInt16(0),
                element.number,
                UInt32(clamping: element.value.readableBytes),
                endianness: .little
            )
            bytes.writeImmutableBuffer(element.value)
        }
        return bytes
    }

    private subscript(number: UInt16) -> ByteBuffer? {
        elements.first { $0.number == number }?.value
    }

    private mutating func append(_ number: UInt16, _ value: ByteBuffer) {
        let position = elements.firstIndex { $0.number >= number } ?? elements.endIndex
        if position < elements.endIndex, elements[position].number == number { elements.remove(at: position) }
        elements.insert(Element(number: number, value: value), at: position)
    }

    /// The number in an element of VR US; `nil` when it is not there or has not exactly one value.
    public func unsignedShort(_ element: CommandElement) -> UInt16? {
        guard let value = self[element.rawValue], value.readableBytes == 2 else { return nil }
        return value.getInteger(at: value.readerIndex, endianness: .little)
    }

    /// The UID in an element of VR UI; `nil` when it is not there or not well-formed.
    public func uid(_ element: CommandElement) -> UID? {
        guard let value = self[element.rawValue], value.readableBytes <= UID.lengthLimit + 2 else { return nil }
        return UID(String(buffer: value))
    }

    /// The title in an element of VR AE; `nil` when it is not there or not well-formed.
    public func aeTitle(_ element: CommandElement) -> AETitle? {
        guard let value = self[element.rawValue], value.readableBytes <= AETitle.lengthLimit + 2 else { return nil }
        return AETitle(String(buffer: value))
    }

    /// Whether the element is there, whatever it holds.
    public func has(_ element: CommandElement) -> Bool {
        self[element.rawValue] != nil
    }

    /// Puts a number in.
    public mutating func set(_ element: CommandElement, _ value: UInt16) {
        var bytes = ByteBuffer()
        bytes.writeInteger(value, endianness: .little)
        append(element.rawValue, bytes)
    }

    /// Puts a UID in, padded to even length with NUL.
    public mutating func set(_ element: CommandElement, _ uid: UID) {
        set(element, uid.string, padding: 0)
    }

    /// Puts text in, padded to even length.
    public mutating func set(_ element: CommandElement, _ text: String, padding: UInt8 = 0x20) {
        var bytes = ByteBuffer(string: text)
        if bytes.readableBytes & 1 == 1 { bytes.writeInteger(padding) }
        append(element.rawValue, bytes)
    }

    /// Puts tags in, for VR AT.
    public mutating func set(_ element: CommandElement, _ tags: [Tag]) {
        var bytes = ByteBuffer()
        for tag in tags {
            bytes.writeMultipleIntegers(tag.group, tag.element, endianness: .little)
        }
        append(element.rawValue, bytes)
    }
}

/// The elements of group 0000 that DIMSE-C needs, by element number (PS3.7 E.1).
public enum CommandElement: UInt16, Sendable, Hashable {
    /// Affected SOP Class UID.
    case affectedSOPClassUID = 0x0002
    /// Requested SOP Class UID.
    case requestedSOPClassUID = 0x0003
    /// Command Field.
    case commandField = 0x0100
    /// Message ID.
    case messageID = 0x0110
    /// Message ID Being Responded To.
    case messageIDBeingRespondedTo = 0x0120
    /// Move Destination.
    case moveDestination = 0x0600
    /// Priority.
    case priority = 0x0700
    /// Command Data Set Type.
    case commandDataSetType = 0x0800
    /// Status.
    case status = 0x0900
    /// Offending Element.
    case offendingElement = 0x0901
    /// Error Comment.
    case errorComment = 0x0902
    /// Affected SOP Instance UID.
    case affectedSOPInstanceUID = 0x1000
    /// Move Originator Application Entity Title.
    case moveOriginatorAETitle = 0x1030
    /// Move Originator Message ID.
    case moveOriginatorMessageID = 0x1031
}

/// The Command Field of requests; the response to one has the highest bit set (PS3.7 E.1).
public enum CommandField {
    /// C-STORE-RQ.
    public static let cStoreRQ: UInt16 = 0x0001
    /// C-GET-RQ.
    public static let cGetRQ: UInt16 = 0x0010
    /// C-FIND-RQ.
    public static let cFindRQ: UInt16 = 0x0020
    /// C-MOVE-RQ.
    public static let cMoveRQ: UInt16 = 0x0021
    /// C-ECHO-RQ.
    public static let cEchoRQ: UInt16 = 0x0030
    /// C-CANCEL-RQ.
    public static let cCancelRQ: UInt16 = 0x0FFF
    /// The bit that makes a response of a request.
    public static let responseBit: UInt16 = 0x8000
    /// Command Data Set Type of a message without Data Set; any other number tells that there is one.
    public static let noDataSet: UInt16 = 0x0101
}
