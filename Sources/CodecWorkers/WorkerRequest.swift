import DICOMCore
import DICOMPixels
import NIOCore

/// What a worker is asked to do: one message on its socket.
///
/// The bytes of the frame are in the shared memory.
///
/// The layout is in `CodecWorkers.docc/Protocol.md`.
struct WorkerRequest: Sendable, Hashable {
    enum Operation: UInt8, Sendable {
        case decode = 1
        case encode = 2
        /// Text is read in a grey picture; see ``TextWorkerPool``.
        case readText = 3
    }

    static let length = 128
    private static let magic: UInt32 = 0x3152_5743
    private static let uidLength = 64

    /// Counts the requests to one worker, from 1; the answer repeats it.
    var number: UInt64
    var operation: Operation
    var transferSyntax: TransferSyntax
    /// Decoding: what group 0028 says.
    ///
    /// Encoding: what the frame is.
    var format: PixelFormat
    var options: EncodingOptions
    /// `PixelLimits.frameLength`.
    var frameLimit: Int
    /// Bytes at the start of the shared memory that are the input.
    var inputLength: Int
    /// Bytes of the shared memory.
    var capacity: Int

    /// The message.
    func encoded() -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(Self.length)
        bytes.writeInteger(Self.magic, endianness: .little)
        bytes.writeInteger(operation.rawValue)
        let uid = Array(transferSyntax.uid.string.utf8.prefix(Self.uidLength))
        bytes.writeInteger(UInt8(uid.count))
        bytes.writeInteger(UInt8(format.samplesPerPixel))
        bytes.writeInteger(UInt8(format.bitsAllocated))
        bytes.writeInteger(number, endianness: .little)
        bytes.writeBytes(uid)
        bytes.writeRepeatingByte(0, count: Self.uidLength - uid.count)
        bytes.writeInteger(UInt16(format.rows), endianness: .little)
        bytes.writeInteger(UInt16(format.columns), endianness: .little)
        bytes.writeInteger(UInt8(format.bitsStored))
        bytes.writeInteger(UInt8(format.highBit))
        bytes.writeInteger(format.kind.rawValue)
        bytes.writeInteger(format.isPlanar ? UInt8(1) : 0)
        let interpretation = PhotometricInterpretation.allCases.firstIndex(of: format.photometricInterpretation)
        bytes.writeInteger(UInt8(interpretation ?? 0))
        bytes.writeInteger(UInt8(clamping: options.quality))
        bytes.writeInteger(UInt16(clamping: options.nearLossless), endianness: .little)
        bytes.writeRepeatingByte(0, count: 12)
        for number in [frameLimit, inputLength, capacity] { bytes.writeInteger(number, endianness: .little) }
        return bytes
    }

    init(
        number: UInt64 = 0,
        _ operation: Operation,
        in transferSyntax: TransferSyntax,
        _ format: PixelFormat,
        options: EncodingOptions = EncodingOptions(),
        frameLimit: Int,
        inputLength: Int,
        capacity: Int = 0
    ) {
        self.number = number
        self.operation = operation
        self.transferSyntax = transferSyntax
        self.format = format
        self.options = options
        self.frameLimit = frameLimit
        self.inputLength = inputLength
        self.capacity = capacity
    }

    /// Reads a message; `nil` when it is none.
    init?(_ message: ByteBuffer) {
        var bytes = message
        guard bytes.readableBytes == Self.length,
            bytes.readInteger(endianness: .little) == Self.magic,
            let operation = bytes.readInteger(as: UInt8.self).flatMap(Operation.init),
            let uidLength = bytes.readInteger(as: UInt8.self),
            let samples = bytes.readInteger(as: UInt8.self),
            let bitsAllocated = bytes.readInteger(as: UInt8.self),
            let number = bytes.readInteger(endianness: .little, as: UInt64.self),
            var name = bytes.readSlice(length: Self.uidLength),
            let uid = name.readString(length: Int(uidLength)).flatMap({ UID($0) }),
            let rows = bytes.readInteger(endianness: .little, as: UInt16.self),
            let columns = bytes.readInteger(endianness: .little, as: UInt16.self),
            let bitsStored = bytes.readInteger(as: UInt8.self),
            let highBit = bytes.readInteger(as: UInt8.self),
            let kind = bytes.readInteger(as: UInt8.self).flatMap(PixelFormat.SampleKind.init),
            let isPlanar = bytes.readInteger(as: UInt8.self),
            let index = bytes.readInteger(as: UInt8.self),
            let interpretation = PhotometricInterpretation.allCases.dropFirst(Int(index)).first,
            let quality = bytes.readInteger(as: UInt8.self),
            let nearLossless = bytes.readInteger(endianness: .little, as: UInt16.self),
            bytes.readSlice(length: 12) != nil,
            let frameLimit = bytes.readInteger(endianness: .little, as: Int.self), frameLimit >= 0,
            let inputLength = bytes.readInteger(endianness: .little, as: Int.self), inputLength >= 0,
            let capacity = bytes.readInteger(endianness: .little, as: Int.self), capacity >= inputLength,
            let format = try? PixelFormat(
                rows: Int(rows),
                columns: Int(columns),
                samplesPerPixel: Int(samples),
                bitsAllocated: Int(bitsAllocated),
                bitsStored: Int(bitsStored),
                highBit: Int(highBit),
                kind: kind,
                photometricInterpretation: interpretation,
                isPlanar: isPlanar == 1
            )
        else { return nil }
        self.init(
            number: number,
            operation,
            in: TransferSyntax(uid: uid),
            format,
            options: EncodingOptions(quality: Int(quality), nearLossless: Int(nearLossless)),
            frameLimit: frameLimit,
            inputLength: inputLength,
            capacity: capacity
        )
    }
}
