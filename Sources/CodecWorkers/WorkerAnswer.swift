import DICOMCore
import DICOMPixels
import NIOCore

/// What a worker says: one message on its socket.
///
/// The bytes of a result are in the shared memory.
///
/// A worker may be in the hands of whoever made the frame: nothing in an answer is believed before it is checked, and
/// lengths are compared with what was asked for. The layout is in `CodecWorkers.docc/Protocol.md`.
struct WorkerAnswer: Sendable, Hashable {
    enum Outcome: Sendable, Hashable {
        /// The worker has started; whether the kernel keeps it from all but computing.
        case ready(isSealed: Bool)
        /// So many bytes at the start of the shared memory are the result.
        case result(length: Int)
        /// The codec refused.
        case failure(PixelError)
    }

    /// No message is longer.
    static let lengthLimit = 512
    private static let headLength = 40
    private static let magic: UInt32 = 0x3141_5743
    private static let textLimit = 400

    /// The number of the request; 0 for `ready`.
    var number: UInt64
    var outcome: Outcome
    /// The most memory that the process has had so far, in bytes.
    var peakMemory: Int

    init(number: UInt64, _ outcome: Outcome, peakMemory: Int) {
        self.number = number
        self.outcome = outcome
        self.peakMemory = peakMemory
    }

    /// The message.
    func encoded() -> ByteBuffer {
        var kind: UInt8 = 0
        var value = 0
        var tag: Tag?
        var code = ""
        var detail = ""
        switch outcome {
        case .ready(let isSealed):
            value = isSealed ? 1 : 0
        case .result(let length):
            kind = 1
            value = length
        case .failure(let error):
            kind = 2
            tag = error.tag
            code = error.code.rawValue
            detail = String(
                error.detail.utf8.prefix(Self.textLimit).map { Self.isPlain($0) ? Character(Unicode.Scalar($0)) : "?" }
            )
        }
        var bytes = ByteBuffer()
        bytes.reserveCapacity(Self.lengthLimit)
        bytes.writeInteger(Self.magic, endianness: .little)
        bytes.writeInteger(kind)
        bytes.writeInteger(UInt8(code.utf8.count))
        bytes.writeInteger(UInt16(detail.utf8.count), endianness: .little)
        bytes.writeInteger(number, endianness: .little)
        bytes.writeInteger(value, endianness: .little)
        bytes.writeInteger(peakMemory, endianness: .little)
        bytes.writeInteger(tag?.group ?? 0, endianness: .little)
        bytes.writeInteger(tag?.element ?? 0, endianness: .little)
        bytes.writeRepeatingByte(0, count: 4)
        bytes.writeString(code)
        bytes.writeString(detail)
        return bytes
    }

    /// Reads a message; `nil` when it is none.
    init?(_ message: ByteBuffer) {
        var bytes = message
        guard (Self.headLength...Self.lengthLimit).contains(bytes.readableBytes),
            bytes.readInteger(endianness: .little) == Self.magic,
            let kind = bytes.readInteger(as: UInt8.self),
            let codeLength = bytes.readInteger(as: UInt8.self),
            let detailLength = bytes.readInteger(endianness: .little, as: UInt16.self),
            let number = bytes.readInteger(endianness: .little, as: UInt64.self),
            let value = bytes.readInteger(endianness: .little, as: Int.self), value >= 0,
            let peakMemory = bytes.readInteger(endianness: .little, as: Int.self), peakMemory >= 0,
            let group = bytes.readInteger(endianness: .little, as: UInt16.self),
            let element = bytes.readInteger(endianness: .little, as: UInt16.self),
            bytes.readSlice(length: 4) != nil,
            let code = bytes.readBytes(length: Int(codeLength)),
            let detail = bytes.readBytes(length: Int(detailLength)),
            bytes.readableBytes == 0
        else { return nil }
        self.number = number
        self.peakMemory = peakMemory
        switch kind {
        case 0:
            outcome = .ready(isSealed: value == 1)
        case 1:
            outcome = .result(length: value)
        case 2:
            // Only text that cannot do harm in a log or an answer.
            guard let code = PixelError.Code(rawValue: String(decoding: code, as: UTF8.self)),
                detail.allSatisfy(Self.isPlain)
            else { return nil }
            let tag = group == 0 && element == 0 ? nil : Tag(group: group, element: element)
            outcome = .failure(PixelError(code, String(decoding: detail, as: UTF8.self), tag: tag))
        default:
            return nil
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool { (0x20...0x7E).contains(byte) }
}
