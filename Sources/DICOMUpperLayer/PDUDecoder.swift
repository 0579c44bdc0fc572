public import NIOCore

/// Cuts received bytes into PDUs (PS3.8 9.3): feed bytes, take what is complete.
///
/// Declared lengths are checked before anything is waited for. P-DATA is not collected: the bytes of a presentation data
/// value are handed on as they come, without a copy where they are many.
public struct PDUDecoder: Sendable {
    /// What was decoded.
    public enum Element: Sendable, Hashable {
        /// Any PDU but P-DATA-TF.
        case pdu(PDU)
        /// Bytes of a presentation data value.
        case presentationDataValue(PresentationDataValue)
    }

    private enum Phase: Hashable {
        case header
        case collecting(type: UInt8, length: Int)
        /// Between the values of a P-DATA-TF, of which `left` bytes are to come.
        case dataTransfer(left: Int)
        /// In a value: `valueLeft` of the `left` bytes of its PDU belong to it.
        case value(Value, valueLeft: Int, left: Int)
    }

    private struct Value: Hashable {
        let presentationContextID: UInt8
        let control: UInt8
    }

    private let limits: UpperLayerLimits
    private var phase = Phase.header
    private var buffer = ByteBuffer()

    /// Shorter pieces are copied, so that a few bytes do not keep a whole receive buffer alive.
    private static let copyLimit = 32_768

    /// Makes a decoder at the beginning of a connection.
    public init(limits: UpperLayerLimits) {
        self.limits = limits
    }

    /// Whether a PDU has begun and is not complete.
    public var isMidPDU: Bool { phase != .header || buffer.readableBytes > 0 }

    /// Takes received bytes.
    public mutating func feed(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// Returns the next element; `nil` when more bytes are needed.
    public mutating func next() throws(PDUError) -> Element? {
        while true {
            switch phase {
            case .header:
                guard try readHeader() else { return nil }
            case .collecting(let type, let length):
                guard let body = buffer.readSlice(length: length) else { return nil }
                phase = .header
                return .pdu(try PDUBodyDecoder(type: type, limits: limits).decode(body))
            case .dataTransfer(let left):
                guard try readValueHeader(left) else { return nil }
            case .value(let value, let valueLeft, let left):
                guard buffer.readableBytes > 0 || valueLeft == 0 else {
                    releaseBuffer()
                    return nil
                }
                return .presentationDataValue(piece(of: value, valueLeft: valueLeft, left: left))
            }
        }
    }

    private mutating func readHeader() throws(PDUError) -> Bool {
        // The type is judged by itself, so that a peer that talks something else hears of it at once.
        guard let type = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) else {
            releaseBuffer()
            return false
        }
        guard PDUType.all.contains(type) else { throw PDUError(.unrecognizedPDU, pduType: type) }
        guard buffer.readableBytes >= 6,
            let length = buffer.getInteger(at: buffer.readerIndex + 2, as: UInt32.self)
        else { return false }
        try check(length, of: type)
        buffer.moveReaderIndex(forwardBy: 6)
        phase =
            type == PDUType.dataTransfer
            ? .dataTransfer(left: Int(length)) : .collecting(type: type, length: Int(length))
        return true
    }

    private func check(_ length: UInt32, of type: UInt8) throws(PDUError) {
        switch type {
        case PDUType.associateRequest, PDUType.associateAccept:
            guard length <= limits.associatePDULength else {
                throw PDUError(
                    .lengthExceedsLimit,
                    pduType: type,
                    limit: .init(name: "limits.association.request-length", value: Int(limits.associatePDULength))
                )
            }
            guard length >= 68 else { throw PDUError(.lengthInvalid, pduType: type) }
        case PDUType.dataTransfer:
            guard length <= limits.pduLength else {
                throw PDUError(
                    .lengthExceedsLimit,
                    pduType: type,
                    limit: .init(name: "limits.association.pdu-length", value: Int(limits.pduLength))
                )
            }
            guard length > 0 else { throw PDUError(.lengthInvalid, pduType: type) }
        default:
            guard length == 4 else { throw PDUError(.lengthInvalid, pduType: type) }
        }
    }

    private mutating func readValueHeader(_ left: Int) throws(PDUError) -> Bool {
        guard left > 0 else {
            phase = .header
            return true
        }
        // A value has its length, a context and a control header at least.
        guard left >= 6 else {
            throw PDUError(.presentationDataValueLengthInvalid, pduType: PDUType.dataTransfer)
        }
        guard buffer.readableBytes >= 4 else { return false }
        guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self),
            length >= 2, Int(length) <= left - 4
        else { throw PDUError(.presentationDataValueLengthInvalid, pduType: PDUType.dataTransfer) }
        guard let (_, context, control) = buffer.readMultipleIntegers(as: (UInt32, UInt8, UInt8).self) else {
            return false
        }
        phase = .value(
            Value(presentationContextID: context, control: control),
            valueLeft: Int(length) - 2,
            left: left - 6
        )
        return true
    }

    private mutating func piece(of value: Value, valueLeft: Int, left: Int) -> PresentationDataValue {
        let count = min(valueLeft, buffer.readableBytes)
        var bytes = buffer.readSlice(length: count) ?? ByteBuffer()
        if count < Self.copyLimit, bytes.storageCapacity > 4 * count {
            bytes = ByteBuffer(buffer: bytes)
        }
        let isComplete = count == valueLeft
        phase =
            isComplete
            ? .dataTransfer(left: left - count) : .value(value, valueLeft: valueLeft - count, left: left - count)
        if isComplete, left == count { phase = .header }
        releaseBuffer()
        return PresentationDataValue(
            presentationContextID: value.presentationContextID,
            isCommand: value.control & 1 == 1,
            isLast: isComplete && value.control & 2 == 2,
            bytes: bytes
        )
    }

    /// Lets go of storage that is used up, so that the socket can read into it again.
    private mutating func releaseBuffer() {
        if buffer.readableBytes == 0 { buffer = ByteBuffer() }
    }
}

/// The type of each PDU, its first byte.
enum PDUType {
    static let associateRequest: UInt8 = 1
    static let associateAccept: UInt8 = 2
    static let associateReject: UInt8 = 3
    static let dataTransfer: UInt8 = 4
    static let releaseRequest: UInt8 = 5
    static let releaseResponse: UInt8 = 6
    static let abort: UInt8 = 7

    static let all = associateRequest...abort
}

/// The type of each item and sub-item.
enum ItemType {
    static let applicationContext: UInt8 = 0x10
    static let proposedPresentationContext: UInt8 = 0x20
    static let presentationContextAnswer: UInt8 = 0x21
    static let abstractSyntax: UInt8 = 0x30
    static let transferSyntax: UInt8 = 0x40
    static let userInformation: UInt8 = 0x50
    static let maximumLength: UInt8 = 0x51
    static let implementationClassUID: UInt8 = 0x52
    static let asynchronousOperationsWindow: UInt8 = 0x53
    static let roleSelection: UInt8 = 0x54
    static let implementationVersionName: UInt8 = 0x55
    static let sopClassExtendedNegotiation: UInt8 = 0x56
    static let sopClassCommonExtendedNegotiation: UInt8 = 0x57
    static let userIdentity: UInt8 = 0x58
    static let userIdentityResponse: UInt8 = 0x59
}

extension PDUDecoder {
    /// Whether bytes that came together are one A-ABORT (PS3.8 9.3.8), wherever the PDU before them ended.
    static func isAbort(_ bytes: ByteBuffer) -> Bool {
        bytes.readableBytes == 10
            && bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) == PDUType.abort
            && bytes.getInteger(at: bytes.readerIndex + 2, as: UInt32.self) == 4
    }
}
