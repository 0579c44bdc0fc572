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

        fileprivate var encoding: String {
            switch self {
            case .jisX0208, .jisX0212: "EUC-JP"
            case .ksX1001: "EUC-KR"
            case .gb2312: "EUC-CN"
            }
        }
    }

    /// A set that is no part of ISO 2022.
    enum WholeEncoding: Sendable, Hashable {
        case gb18030
        case gbk

        fileprivate var encoding: String { self == .gbk ? "GBK" : "GB18030" }
    }

    /// The characters of a run of pairs; U+FFFD for each that is not valid, or all if the system lacks the table.
    static func decode(pairs: ArraySlice<UInt8>, of set: DoubleByteSet) -> DecodedText {
        decode(eucBytes(pairs, set), from: set.encoding, unit: set == .jisX0212 ? 3 : 2)
    }

    /// The characters of GB18030 or GBK; U+FFFD for each byte that begins none.
    static func decode(_ bytes: [UInt8], from whole: WholeEncoding) -> DecodedText {
        decode(bytes, from: whole.encoding, unit: 1)
    }

    private static func decode(_ bytes: [UInt8], from encoding: String, unit: Int) -> DecodedText {
        guard let converted = convert(bytes, Conversion(from: encoding, to: "UTF-8"), skipping: unit) else {
            return DecodedText(text: String(repeating: "\u{FFFD}", count: bytes.count / unit), isExact: false)
        }
        return DecodedText(text: String(decoding: converted.bytes, as: UTF8.self), isExact: converted.isExact)
    }

    /// The bytes of a text in GB18030 or GBK; `nil` when it has characters beyond.
    static func encode(_ text: String, to whole: WholeEncoding) -> [UInt8]? {
        convert(Array(text.utf8), Conversion(from: "UTF-8", to: whole.encoding), skipping: nil)?.bytes
    }

    /// The two bytes of a character, both with their high bit set; `nil` when the set does not have it.
    static func encode(_ scalar: Unicode.Scalar, to set: DoubleByteSet) -> [UInt8]? {
        let utf8 = Array(String(Character(scalar)).utf8)
        let conversion = Conversion(from: "UTF-8", to: set.encoding)
        guard var bytes = convert(utf8, conversion, skipping: nil)?.bytes else { return nil }
        // EUC-JP has three sets: 8F leads to JIS X 0212, 8E to the Katakana of JIS X 0201.
        if set == .jisX0212 {
            guard bytes.first == 0x8F else { return nil }
            bytes.removeFirst()
        }
        guard bytes.count == 2, bytes.allSatisfy({ $0 >= 0xA1 }) else { return nil }
        // The tables write some characters as their twins of another width.
        guard decode(pairs: bytes[...], of: set).text.utf8.elementsEqual(utf8) else { return nil }
        return bytes
    }

    private static func eucBytes(_ pairs: ArraySlice<UInt8>, _ set: DoubleByteSet) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(pairs.count * 3 / 2)
        for (position, byte) in pairs.enumerated() {
            // In EUC the pairs have their high bits set, and those of JIS X 0212 follow the byte 8F.
            if set == .jisX0212, position % 2 == 0 { bytes.append(0x8F) }
            bytes.append(byte | 0x80)
        }
        return bytes
    }

    private static func convert(
        _ bytes: [UInt8],
        _ conversion: Conversion,
        skipping unit: Int?
    ) -> (bytes: [UInt8], isExact: Bool)? {
        guard let converter = idle.withLock({ $0[conversion]?.popLast() }) ?? TextConverter(conversion) else {
            return nil
        }
        defer {
            idle.withLock { idle in
                if idle[conversion, default: []].count < idleLimit { idle[conversion, default: []].append(converter) }
            }
        }
        return converter.convert(bytes, skipping: unit)
    }

    /// Converters that nobody uses at present: opening one reads tables, which a header with hundreds of names must not
    /// pay for each of them.
    private static let idle = Mutex<[Conversion: [TextConverter]]>([:])
    /// How many of an encoding are kept.
    private static let idleLimit = 4
}

/// From which encoding to which.
private struct Conversion: Hashable {
    let from: String
    let to: String
}

/// A converter of the C library.
// Safe: the descriptor never leaves the lock and is valid until `deinit`.
@safe private final class TextConverter: Sendable {
    private let descriptor: Mutex<iconv_t>

    init?(_ conversion: Conversion) {
        // Both names are constants of ours.
        guard let descriptor = unsafe iconv_open(conversion.to, conversion.from), Int(bitPattern: descriptor) != -1
        else {
            return nil
        }
        // Kept until deinit, which is the only place that closes it.
        unsafe self.descriptor = Mutex(descriptor)
    }

    deinit {
        // Opened in init, closed once.
        unsafe descriptor.withLock { unsafe _ = iconv_close($0) }
    }

    /// The converted text.
    ///
    /// - Parameter unit: How many bytes U+FFFD stands for where no character begins; `nil`: there is no text then.
    func convert(_ bytes: [UInt8], skipping unit: Int?) -> (bytes: [UInt8], isExact: Bool)? {
        // Nobody waits: who uses it took it out of the idle ones.
        unsafe descriptor.withLock { unsafe Self.convert(bytes, skipping: unit, $0) }
    }

    private static func convert(
        _ bytes: [UInt8],
        skipping unit: Int?,
        _ descriptor: iconv_t
    ) -> (bytes: [UInt8], isExact: Bool)? {
        // The text before may have ended in the middle of a character.
        unsafe _ = iconv(descriptor, nil, nil, nil, nil)
        var source = bytes.map { CChar(bitPattern: $0) }
        var chunk = [UInt8](repeating: 0, count: min(chunkLength, bytes.count * 3 + 16))
        var converted: [UInt8] = []
        converted.reserveCapacity(bytes.count * 2)
        var position = 0
        var isExact = true
        while position < source.count {
            // The descriptor is valid as long as the lock is held.
            let step = unsafe step(&source, from: position, into: &chunk, descriptor)
            converted += chunk.prefix(step.written)
            position += step.read
            switch step.end {
            case .done: position = source.count
            case .targetIsFull: continue
            case .noCharacter:
                guard let unit else { return nil }
                isExact = false
                converted += [0xEF, 0xBF, 0xBD]
                position += unit
            }
        }
        return (converted, isExact)
    }

    private static let chunkLength = 4_096

    private enum StepEnd {
        case done
        case targetIsFull
        case noCharacter
    }

    /// Converts from `position` until the end, a full target, or a byte that begins no character.
    private static func step(
        _ source: inout [CChar],
        from position: Int,
        into target: inout [UInt8],
        _ descriptor: iconv_t
    ) -> (read: Int, written: Int, end: StepEnd) {
        let length = source.count - position
        let capacity = target.count
        var sourceLeft = length
        var targetLeft = capacity
        // The pointers live inside the closures only; position is within the source, and the counts keep iconv within
        // both arrays.
        let result = unsafe source.withUnsafeMutableBufferPointer { from in
            // As above.
            unsafe target.withUnsafeMutableBytes { to in
                // As above.
                var input = unsafe from.baseAddress.map { unsafe $0 + position }
                // As above.
                var output = unsafe to.baseAddress?.assumingMemoryBound(to: CChar.self)
                // As above.
                return unsafe iconv(descriptor, &input, &sourceLeft, &output, &targetLeft)
            }
        }
        let end: StepEnd =
            switch (result, errno) {
            case (0, _): .done
            case (-1, E2BIG) where sourceLeft < length || targetLeft < capacity: .targetIsFull
            // A count above 0 tells characters that were replaced by similar ones.
            default: .noCharacter
            }
        return (length - sourceLeft, capacity - targetLeft, end)
    }
}
