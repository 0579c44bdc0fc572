package import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The grammar of a multipart body (RFC 2046 5.1.1) as a machine: feed it bytes, take events.
///
/// Bodies of parts are slices of what was fed. Time is linear in the bytes whatever they are: a boundary holds no CR, so
/// the only place where a failed match can begin anew is the byte that failed it.
package struct MultipartDecoder: Sendable {
    /// What a stretch of the body is.
    package enum Event: Sendable, Hashable {
        /// A part begins; these are its header fields.
        case partBegan(PartHeader)
        /// The next bytes of the part.
        case body(ByteBuffer)
        /// The part is complete.
        case partEnded
    }

    private enum State: Sendable, Hashable {
        case preamble
        case delimiterLine
        case closingHyphen
        case delimiterLineFeed
        case header
        case body
        case epilogue
    }

    private let limits: MultipartLimits
    // CR LF "--" boundary
    private let delimiter: [UInt8]
    private var state = State.preamble
    // Bytes of the delimiter matched so far. A body may begin with its first boundary, as if CR LF had come before it.
    private var matched = 2
    private var input = ByteBuffer()
    private var queued: [Event] = []
    private var header: [UInt8] = []
    private var partCount = 0
    private var offset: UInt64 = 0

    /// Makes a decoder for the boundary of a Content-Type.
    package init(boundary: String, limits: MultipartLimits) throws(MultipartError) {
        let bytes = Array(boundary.utf8)
        guard !bytes.isEmpty, bytes.count <= limits.boundaryLength, bytes.last != 0x20,
            bytes.allSatisfy(Self.isBoundaryCharacter)
        else { throw MultipartError(code: .badBoundary, offset: 0) }
        self.limits = limits
        delimiter = [0x0D, 0x0A, 0x2D, 0x2D] + bytes
    }

    /// Takes the next bytes; all events of the bytes before must have been taken.
    package mutating func feed(_ bytes: ByteBuffer) {
        input = bytes
    }

    /// The next event, or `nil` when more bytes are needed.
    package mutating func next() throws(MultipartError) -> Event? {
        while true {
            if !queued.isEmpty { return queued.removeFirst() }
            guard input.readableBytes > 0 else { return nil }
            switch state {
            case .preamble: skipToDelimiter()
            case .delimiterLine: try readDelimiterLine()
            case .closingHyphen: try readClosingHyphen()
            case .delimiterLineFeed: try readDelimiterLineFeed()
            case .header: try readHeader()
            case .body: readBody()
            case .epilogue: skipAll()
            }
        }
    }

    /// Says that no more bytes come.
    package func finish() throws(MultipartError) {
        guard state == .epilogue else { throw MultipartError(code: .truncated, offset: offset) }
    }

    private mutating func skipAll() {
        offset += UInt64(input.readableBytes)
        input.moveReaderIndex(to: input.writerIndex)
    }

    private mutating func skipToDelimiter() {
        let scan = Scan(input, for: delimiter, matched: matched)
        matched = scan.matched
        consume(scan.length)
        if scan.isComplete { state = .delimiterLine }
    }

    private mutating func readBody() {
        let carried = matched
        let scan = Scan(input, for: delimiter, matched: carried)
        matched = scan.matched
        // Counted from the first carried byte: everything but the delimiter, or what may become one, is content.
        let contentLength = carried + scan.length - scan.matched
        if contentLength > 0, carried > 0 {
            queued.append(.body(ByteBuffer(bytes: delimiter.prefix(min(carried, contentLength)))))
        }
        if contentLength > carried, let slice = input.getSlice(at: input.readerIndex, length: contentLength - carried) {
            queued.append(.body(slice))
        }
        consume(scan.length)
        if scan.isComplete {
            queued.append(.partEnded)
            state = .delimiterLine
        }
    }

    /// A walk through bytes in search of the delimiter.
    private struct Scan {
        /// Bytes of the delimiter that the walk ends with.
        var matched: Int
        /// Bytes walked over: up to the end of the delimiter, or all.
        var length = 0
        /// Whether the delimiter was found.
        var isComplete = false

        init(_ input: ByteBuffer, for delimiter: [UInt8], matched: Int) {
            self.matched = matched
            let bytes = input.readableBytesUInt8Span
            let count = bytes.count
            while length < count {
                if self.matched == 0 {
                    guard let start = Self.carriageReturn(in: bytes, from: length) else {
                        length = count
                        return
                    }
                    length = start
                }
                let byte = bytes[length]
                length += 1
                if byte == delimiter[self.matched] {
                    self.matched += 1
                    if self.matched == delimiter.count {
                        isComplete = true
                        return
                    }
                } else {
                    self.matched = byte == 0x0D ? 1 : 0
                }
            }
        }

        /// Where the next byte stands that a delimiter can begin with: pixel data are passed over by the C library.
        private static func carriageReturn(in bytes: Span<UInt8>, from start: Int) -> Int? {
            // The search stays within the span, which outlives the call.
            unsafe bytes.withUnsafeBufferPointer { bytes in
                guard let base = bytes.baseAddress, start < bytes.count else { return nil }
                // `start` is less than the count.
                guard let found = unsafe memchr(base + start, 0x0D, bytes.count - start) else { return nil }
                // Both lie in the same buffer.
                return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
            }
        }
    }
}

extension MultipartDecoder {
    private mutating func consume(_ length: Int) {
        offset += UInt64(length)
        input.moveReaderIndex(forwardBy: length)
    }

    private mutating func takeByte() -> UInt8? {
        guard let byte = input.readInteger(as: UInt8.self) else { return nil }
        offset += 1
        return byte
    }

    private mutating func readDelimiterLine() throws(MultipartError) {
        matched = 0
        while let byte = takeByte() {
            switch byte {
            case 0x20, 0x09:
                // Transport padding (RFC 2046 5.1.1) counts as header, so that it has an end.
                header.append(byte)
                guard header.count <= limits.headerLength else {
                    throw MultipartError(code: .headerTooLong, offset: offset)
                }
            case 0x2D where header.isEmpty:
                state = .closingHyphen
                return
            case 0x0D:
                state = .delimiterLineFeed
                return
            default: throw MultipartError(code: .badDelimiter, offset: offset)
            }
        }
    }

    private mutating func readClosingHyphen() throws(MultipartError) {
        guard takeByte() == 0x2D else { throw MultipartError(code: .badDelimiter, offset: offset) }
        state = .epilogue
    }

    private mutating func readDelimiterLineFeed() throws(MultipartError) {
        guard takeByte() == 0x0A else { throw MultipartError(code: .badDelimiter, offset: offset) }
        partCount += 1
        guard partCount <= limits.partCount else { throw MultipartError(code: .tooManyParts, offset: offset) }
        header.removeAll(keepingCapacity: true)
        state = .header
    }

    private mutating func readHeader() throws(MultipartError) {
        while let byte = takeByte() {
            header.append(byte)
            if byte == 0x0A, endsWithEmptyLine {
                queued.append(.partBegan(try PartHeader(header.dropLast(2), endingAt: offset)))
                header.removeAll(keepingCapacity: true)
                matched = 0
                state = .body
                return
            }
            guard header.count < limits.headerLength else {
                throw MultipartError(code: .headerTooLong, offset: offset)
            }
        }
    }

    // Looks at the end by index: `suffix` of a sequence would walk over all of the header, for each of its bytes.
    private var endsWithEmptyLine: Bool {
        let emptyLine: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A]
        // Directly behind the boundary the line before is that of the boundary.
        guard header.count > 2 else { return header.elementsEqual(emptyLine[2...]) }
        return header.count >= 4 && header[(header.count - 4)...].elementsEqual(emptyLine)
    }

    // RFC 2046 5.1.1, bchars; and "@", "#", "%", "&", "*", "$", "!", "~", "^", "|" which programs in the field use.
    private static func isBoundaryCharacter(_ byte: UInt8) -> Bool {
        (0x20...0x7E).contains(byte) && byte != 0x22 && byte != 0x5C
    }
}

/// The header fields of a part.
package struct PartHeader: Sendable, Hashable {
    private let fields: [String: String]

    /// Reads the lines of a header, each with its CR LF.
    init(_ bytes: some Sequence<UInt8>, endingAt offset: UInt64) throws(MultipartError) {
        var fields: [String: String] = [:]
        var line: [UInt8] = []
        var previous: UInt8 = 0
        for byte in bytes {
            if previous == 0x0D {
                guard byte == 0x0A else { throw MultipartError(code: .badHeader, offset: offset) }
                guard let (name, value) = Self.field(line) else {
                    throw MultipartError(code: .badHeader, offset: offset)
                }
                fields[name] = value
                line.removeAll(keepingCapacity: true)
            } else if byte == 0x0A {
                throw MultipartError(code: .badHeader, offset: offset)
            } else if byte != 0x0D {
                line.append(byte)
            }
            previous = byte
        }
        self.fields = fields
    }

    /// The value of a field, by its name in lower case.
    package subscript(name: String) -> String? { fields[name] }

    private static func field(_ line: [UInt8]) -> (String, String)? {
        guard let colon = line.firstIndex(of: 0x3A), colon > 0 else { return nil }
        let name = line[..<colon]
        let value = line[(colon + 1)...]
        guard name.allSatisfy(HeaderScanner.isTokenCharacter), value.allSatisfy({ $0 >= 0x20 || $0 == 0x09 }) else {
            return nil
        }
        let trimmed = value.drop { $0 == 0x20 || $0 == 0x09 }
        return (String(decoding: name, as: UTF8.self).lowercased(), String(decoding: trimmed, as: UTF8.self))
    }
}
