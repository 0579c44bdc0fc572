import CodecWorkers
import DICOMCore
import DICOMPixels
import Glibc
import NIOCore

/// A codec that does as the first byte of a frame says: what codecs should not do, and what workers must not.
struct ProbeCodec: FrameCodec {
    enum Act: UInt8, CaseIterable {
        /// The rest of the bytes, as often as fits.
        case copy
        case hang
        case trap
        /// Takes memory until there is none.
        case hog
        /// An error with text that nobody should see as it is.
        case refuse
        /// One byte: whether a file could be opened.
        case openFile
        case openSocket
        case fork
        case shrinkMemory
        case mapExecutable
        case signalParent
        /// A byte for each descriptor, from 0: whether it can be read.
        case listDescriptors
        /// The number of variables in the environment.
        case countEnvironment
        /// Says that the result is longer than the memory, and says it instead of the worker.
        case lieAboutLength
        case sayNonsense
        /// A result of another length than was asked for.
        case shorten
    }

    static let transferSyntax = TransferSyntax(uid: UID(literal: "1.2.826.0.1.3680043.10.1"))

    func canDecode(_ transferSyntax: TransferSyntax) -> Bool { transferSyntax == Self.transferSyntax }
    func canEncode(_ transferSyntax: TransferSyntax) -> Bool { transferSyntax == Self.transferSyntax }
    func isSafeInProcess(_ transferSyntax: TransferSyntax) -> Bool { false }

    func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat,
        limits: PixelLimits
    ) throws(PixelError) -> PixelFrame {
        var rest = encoded
        guard let act = rest.readInteger(as: UInt8.self).flatMap(Act.init) else {
            throw PixelError(.malformed, "empty")
        }
        let bytes = try bytes(act, rest, format.frameLength)
        return try PixelFrame(
            act == .shorten ? format.with(bitsAllocated: 8, bitsStored: 8, highBit: 7) : format,
            bytes
        )
    }

    /// The bytes, after one that `decode` understands.
    func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions,
        limits: PixelLimits
    ) throws(PixelError) -> ByteBuffer {
        var bytes = ByteBuffer(integer: Act.copy.rawValue)
        bytes.writeImmutableBuffer(frame.bytes)
        return bytes
    }

    private func bytes(_ act: Act, _ rest: ByteBuffer, _ length: Int) throws(PixelError) -> ByteBuffer {
        func result(_ bytes: [UInt8]) -> ByteBuffer {
            ByteBuffer(bytes: bytes + [UInt8](repeating: 0, count: max(0, length - bytes.count)))
        }
        switch act {
        case .copy:
            var pattern = Array(rest.readableBytesView)
            while !pattern.isEmpty, pattern.count < length { pattern += pattern }
            return ByteBuffer(bytes: pattern.prefix(length))
        case .shorten: return ByteBuffer(repeating: 0, count: length / 2)
        case .refuse: throw PixelError(.malformed, "line\nfeed \u{1B}[31m", tag: .rows)
        case .hang: while getpid() > 0 {}
        case .trap: preconditionFailure("a codec that crashes")
        case .hog: hog()
        case .openFile:
            // The path is a literal that lives for the call.
            return result([unsafe open("/proc/self/status", O_RDONLY) < 0 ? 0 : 1])
        case .openSocket: _ = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        case .fork: _ = daemon(0, 0)
        case .shrinkMemory: _ = ftruncate(4, 0)
        case .mapExecutable:
            // Never followed.
            _ = unsafe mmap(nil, 4_096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        case .signalParent: _ = kill(1, 0)
        case .listDescriptors: return result((0..<64).map(isReadable))
        case .countEnvironment:
            var count: UInt8 = 0
            // The list ends with a null pointer.
            while unsafe environ[Int(count)] != nil { count += 1 }
            return result([count])
        case .lieAboutLength:
            say(
                [0x43, 0x57, 0x41, 0x31, 1, 0, 0, 0, 1] + [0, 0, 0, 0, 0, 0, 0]
                    + [0, 0, 0, 0, 0, 1, 0, 0] + [UInt8](repeating: 0, count: 16)
            )
        case .sayNonsense: say([1, 2, 3])
        }
        return result([])
    }

    private func isReadable(_ descriptor: Int) -> UInt8 {
        var nothing: UInt8 = 0
        // No byte is asked for; the socket, which has none to give, would wait for one if it were.
        return unsafe read(Int32(descriptor), &nothing, 0) >= 0 || errno != EBADF ? 1 : 0
    }

    private func hog() {
        var taken: [[UInt8]] = []
        while true { taken.append([UInt8](repeating: UInt8(taken.count & 0xFF), count: 16 << 20)) }
    }

    private func say(_ message: [UInt8]) {
        // The call only reads the bytes.
        _ = unsafe write(3, message, message.count)
    }
}
