import Glibc
import Synchronization

/// Converts text of East Asian character sets with the C library's tables.
enum MultiByteText {
    /// A set of two-byte characters that escape sequences choose (PS3.3 table C.12-4).
    enum DoubleByteSet: Sendable, Hashable {
        case jisX0208
        case jisX0212
        case ksX1001
        case gb2312
    }

    /// The characters of a run of pairs; U+FFFD for each where the run is not valid or the system lacks the table.
    static func decode(pairs: [UInt8], of set: DoubleByteSet) -> String {
        var bytes: [UInt8] = []
        for (position, byte) in pairs.enumerated() {
            // In EUC the pairs have their high bits set, and those of JIS X 0212 follow the byte 8F.
            if set == .jisX0212, position % 2 == 0 { bytes.append(0x8F) }
            bytes.append(byte | 0x80)
        }
        let encoding =
            switch set {
            case .jisX0208, .jisX0212: "EUC-JP"
            case .ksX1001: "EUC-KR"
            case .gb2312: "EUC-CN"
            }
        return convert(bytes, from: encoding) ?? String(repeating: "\u{FFFD}", count: (pairs.count + 1) / 2)
    }

    /// The characters of GB18030, of which GBK is a part; invalid bytes become U+FFFD one by one.
    static func decodeGB18030(_ bytes: [UInt8]) -> String {
        if let text = convert(bytes, from: "GB18030") { return text }
        return String(decoding: bytes.map { $0 < 0x80 ? $0 : 0xFF }, as: UTF8.self)
    }

    private static func convert(_ bytes: [UInt8], from encoding: String) -> String? {
        guard let converter = idle.withLock({ $0[encoding]?.popLast() }) ?? TextConverter(from: encoding) else {
            return nil
        }
        defer {
            idle.withLock { idle in
                if idle[encoding, default: []].count < idleLimit { idle[encoding, default: []].append(converter) }
            }
        }
        return converter.convert(bytes)
    }

    /// Converters that nobody uses at present: opening one reads tables, which a header with hundreds of names must not
    /// pay for each of them.
    private static let idle = Mutex<[String: [TextConverter]]>([:])
    /// How many of an encoding are kept.
    private static let idleLimit = 4
}

/// A converter to UTF-8 of the C library.
// Safe: the descriptor never leaves the class and is valid until `deinit`. Sendable: whoever uses it has taken it out of
// the idle ones, so it has one user at a time, and the lock orders them.
@safe private final class TextConverter: @unchecked Sendable {
    private let descriptor: iconv_t

    init?(from encoding: String) {
        // Both names are constants of ours.
        guard let descriptor = unsafe iconv_open("UTF-8", encoding), Int(bitPattern: descriptor) != -1 else {
            return nil
        }
        // Kept until deinit, which is the only place that closes it.
        unsafe self.descriptor = descriptor
    }

    deinit {
        // Opened in init, closed once.
        unsafe _ = iconv_close(descriptor)
    }

    /// The text; `nil` when a byte is not valid.
    func convert(_ bytes: [UInt8]) -> String? {
        // The text before may have ended in the middle of a character.
        unsafe _ = iconv(descriptor, nil, nil, nil, nil)
        var source = bytes.map { CChar(bitPattern: $0) }
        // No character of two or four bytes needs more than three or four in UTF-8.
        var target = [UInt8](repeating: 0, count: bytes.count * 3 + 4)
        let capacity = target.count
        var sourceLeft = source.count
        var targetLeft = capacity
        // The pointers live inside the closures only, and the counts keep iconv within both arrays.
        let result = unsafe source.withUnsafeMutableBufferPointer { from in
            // As above.
            unsafe target.withUnsafeMutableBytes { to in
                var input = from.baseAddress
                // As above.
                var output = unsafe to.baseAddress?.assumingMemoryBound(to: CChar.self)
                // As above.
                return unsafe iconv(descriptor, &input, &sourceLeft, &output, &targetLeft)
            }
        }
        guard result != -1, sourceLeft == 0 else { return nil }
        return String(decoding: target.prefix(capacity - targetLeft), as: UTF8.self)
    }
}
