import NIOCore

/// A value on its way into base 64, in pieces of any length.
struct BulkText: Sendable {
    /// Bytes of one number whose order is to be turned around; 1 where there is nothing to turn.
    let wordLength: Int
    /// Bytes that wait for the rest of their word, or of their group of three.
    private var rest: [UInt8] = []

    init(wordLength: Int) {
        self.wordLength = wordLength
    }

    mutating func write(_ bytes: ByteBuffer, into text: inout JSONBytes) {
        rest.append(contentsOf: bytes.readableBytesView)
        // Words and groups of three end together at multiples of 24 bytes at most.
        let unit = wordLength == 1 ? 3 : 3 * wordLength
        let count = rest.count - rest.count % unit
        guard count > 0 else { return }
        text.append(Base64.encoded(turned(rest[..<count])))
        rest.removeFirst(count)
    }

    func finish(into text: inout JSONBytes) {
        text.append(Base64.encoded(turned(rest[...])))
    }

    /// Little-endian numbers; what is left behind the last whole one stays as it is.
    private func turned(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        guard wordLength > 1 else { return Array(bytes) }
        var turned: [UInt8] = []
        turned.reserveCapacity(bytes.count)
        var position = bytes.startIndex
        while bytes.endIndex - position >= wordLength {
            turned.append(contentsOf: bytes[position..<position + wordLength].reversed())
            position += wordLength
        }
        turned.append(contentsOf: bytes[position...])
        return turned
    }
}
