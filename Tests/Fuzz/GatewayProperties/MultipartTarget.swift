public import FuzzProperties
import HTTPGateway
public import NIOCore

/// Bodies of type multipart/related (RFC 2046 5.1.1).
public enum MultipartTarget: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "Multipart"

    private static let limits: MultipartLimits = {
        var limits = MultipartLimits()
        limits.boundaryLength = 40
        limits.headerLength = 128
        limits.partCount = 20
        return limits
    }()

    /// The first byte chooses the pieces; the first line, up to its LF, is the boundary, the rest the body.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) {
        var body = input
        let seed = body.takeChoice()
        let line = body.readableBytesView.prefix { $0 != 0x0A }
        let boundary = String(decoding: line, as: UTF8.self)
        body.moveReaderIndex(forwardBy: min(line.count + 1, body.readableBytes))
        guard let whole = Message(decoding: [body], boundary: boundary) else { return }
        guard let cut = Message(decoding: body.pieces(seed: seed), boundary: boundary) else {
            throw PropertyViolation("the boundary is refused the second time")
        }
        try require(whole == cut, "pieces give \(cut), the whole gives \(whole)")
        try require(
            whole.parts.reduce(0) { $0 + $1.body.readableBytes } <= body.readableBytes,
            "the parts are longer than the message"
        )
        try require(whole.parts.count <= limits.partCount, "more parts than the limit")
        try require(whole.error != nil || whole.parts.allSatisfy(\.isComplete), "a part without end is accepted")
        try checkContents(of: whole, in: body, boundary: boundary)
        try checkWriting(whole, boundary: boundary)
    }

    private struct Part: Hashable {
        let header: PartHeader
        var body = ByteBuffer()
        var isComplete = false
    }

    private struct Message: Hashable {
        var parts: [Part] = []
        var error: MultipartError?

        init?(decoding pieces: [ByteBuffer], boundary: String) {
            guard var decoder = Self.decoder(boundary) else { return nil }
            do throws(MultipartError) {
                for piece in pieces {
                    decoder.feed(piece)
                    while let event = try decoder.next() { take(event) }
                }
                try decoder.finish()
            } catch {
                self.error = error
            }
        }

        private static func decoder(_ boundary: String) -> MultipartDecoder? {
            do throws(MultipartError) {
                return try MultipartDecoder(boundary: boundary, limits: limits)
            } catch {
                return nil
            }
        }

        private mutating func take(_ event: MultipartDecoder.Event) {
            switch event {
            case .partBegan(let header): parts.append(Part(header: header))
            case .body(let bytes): parts[parts.count - 1].body.writeImmutableBuffer(bytes)
            case .partEnded: parts[parts.count - 1].isComplete = true
            }
        }
    }

    /// Each body stands in the message as it is, none holds the delimiter, and they follow one another.
    private static func checkContents(
        of message: Message,
        in body: ByteBuffer,
        boundary: String
    ) throws(PropertyViolation) {
        let delimiter = Array("\r\n--\(boundary)".utf8)
        let bytes = Array(body.readableBytesView)
        var position = 0
        for part in message.parts {
            let content = Array(part.body.readableBytesView)
            try require(first(delimiter, in: content, from: 0) == nil, "a part holds the delimiter")
            guard part.isComplete else { continue }
            guard let found = first(content + delimiter, in: bytes, from: position) else {
                throw PropertyViolation("a part is not what stands in the message")
            }
            position = found + content.count
        }
    }

    /// Where a sequence of bytes begins in others.
    private static func first(_ wanted: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard bytes.count >= wanted.count, start <= bytes.count - wanted.count, let opening = wanted.first else {
            return nil
        }
        return (start...(bytes.count - wanted.count)).first { position in
            bytes[position] == opening && bytes[position..<position + wanted.count].elementsEqual(wanted)
        }
    }

    /// Parts that are written as RFC 2046 says are read back.
    private static func checkWriting(_ message: Message, boundary: String) throws(PropertyViolation) {
        guard !message.parts.isEmpty else { return }
        var bytes = ByteBuffer()
        for part in message.parts {
            bytes.writeString("\r\n--\(boundary)\r\n")
            if let type = type(of: part) { bytes.writeString("Content-Type: \(type)\r\n") }
            bytes.writeString("\r\n")
            bytes.writeImmutableBuffer(part.body)
        }
        bytes.writeString("\r\n--\(boundary)--\r\n")
        guard let read = Message(decoding: bytes.pieces(seed: 3), boundary: boundary), read.error == nil else {
            throw PropertyViolation("written parts are refused")
        }
        try require(read.parts.map(\.body) == message.parts.map(\.body), "written parts are read back otherwise")
        for (part, original) in zip(read.parts, message.parts) {
            try require(part.header["content-type"] == type(of: original), "a header is read otherwise")
        }
    }

    /// The type of a part, if it is short enough still: what is no UTF-8 has become longer than it came.
    private static func type(of part: Part) -> String? {
        part.header["content-type"].flatMap { $0.utf8.count <= 100 ? $0 : nil }
    }
}
