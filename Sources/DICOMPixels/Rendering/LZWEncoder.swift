import NIOCore

/// The compression of GIF: Lempel-Ziv-Welch with codes of 9 to 12 bits over bytes (GIF89a Appendix F).
struct LZWEncoder {
    private static let clear: UInt32 = 256
    private static let end: UInt32 = 257
    private static let codeLimit: UInt32 = 4_096
    /// Slots for the up to 3,838 strings: enough to find a free one soon.
    private static let slotCount = 16_384

    /// The string that a slot holds: its first part's code and its last byte, above 0; 0 is empty.
    private var keys = [UInt32](repeating: 0, count: slotCount)
    private var codes = [UInt16](repeating: 0, count: slotCount)
    private var nextCode: UInt32 = 258
    private var width: UInt32 = 9
    private var pendingBits: UInt32 = 0
    private var pendingCount: UInt32 = 0
    private var output: [UInt8] = []

    /// The compressed bytes in blocks of up to 255, ended by an empty one.
    static func blocks(_ bytes: [UInt8]) -> ByteBuffer {
        var encoder = LZWEncoder()
        encoder.encode(bytes)
        var blocks = ByteBufferAllocator().buffer(capacity: encoder.output.count + encoder.output.count / 255 + 2)
        var rest = encoder.output[...]
        while !rest.isEmpty {
            let block = rest.prefix(255)
            blocks.writeInteger(UInt8(block.count))
            blocks.writeBytes(block)
            rest = rest.dropFirst(block.count)
        }
        blocks.writeInteger(UInt8(0))
        return blocks
    }

    private mutating func encode(_ bytes: [UInt8]) {
        output.reserveCapacity(bytes.count)
        put(Self.clear)
        guard var prefix = bytes.first.map(UInt32.init) else {
            put(Self.end)
            flush()
            return
        }
        for byte in bytes.dropFirst() {
            let key = (prefix << 8 | UInt32(byte)) + 1
            let slot = slot(of: key)
            if keys[slot] == key {
                prefix = UInt32(codes[slot])
                continue
            }
            put(prefix)
            if nextCode < Self.codeLimit {
                keys[slot] = key
                codes[slot] = UInt16(nextCode)
                // A reader knows this code one step later, and takes the wider form from then on.
                if nextCode == 1 << width { width += 1 }
                nextCode += 1
            } else {
                put(Self.clear)
                startAgain()
            }
            prefix = UInt32(byte)
        }
        put(prefix)
        // The reader adds a string for this code, too.
        if nextCode == 1 << width, width < 12 { width += 1 }
        put(Self.end)
        flush()
    }

    private mutating func startAgain() {
        for slot in keys.indices { keys[slot] = 0 }
        nextCode = 258
        width = 9
    }

    private func slot(of key: UInt32) -> Int {
        var slot = Int((key &* 2_654_435_761) >> 18)
        while keys[slot] != 0, keys[slot] != key { slot = (slot + 1) & (Self.slotCount - 1) }
        return slot
    }

    private mutating func put(_ code: UInt32) {
        pendingBits |= code << pendingCount
        pendingCount += width
        while pendingCount >= 8 {
            output.append(UInt8(truncatingIfNeeded: pendingBits))
            pendingBits >>= 8
            pendingCount -= 8
        }
    }

    private mutating func flush() {
        if pendingCount > 0 { output.append(UInt8(truncatingIfNeeded: pendingBits)) }
    }
}
