import DICOMCore
import NIOCore

/// A table of a LUT Descriptor and LUT Data (PS3.3 C.11.1.1, C.11.2.1.1, C.7.6.3.1.5).
struct LookupTable: Sendable, Hashable {
    /// The input that takes the first entry.
    let first: Int
    /// At least one.
    let entries: [UInt16]
    /// Bits of an entry, 1 to 16: the largest entry is below two to the power of it.
    let bits: Int

    /// Takes values that were worked out elsewhere.
    init(first: Int, entries: [UInt16], bits: Int) {
        precondition(!entries.isEmpty && (1...16).contains(bits), "a table has entries of 1 to 16 bits")
        self.first = first
        self.entries = entries
        // Some writers state fewer bits than they use: what is there counts.
        self.bits = max(bits, 16 - (entries.max() ?? 0).leadingZeroBitCount)
    }

    /// Reads a table.
    ///
    /// - Parameters:
    ///   - isSigned: whether inputs may be negative; a descriptor with VR SS may say so, too.
    /// - Throws: `.badAttribute` when the descriptor is none or there are fewer entries than it says.
    init(_ dataSet: DataSet, descriptor: Tag, data: Tag, isSigned: Bool) throws(PixelError) {
        let shape = try LookupTableDescriptor(dataSet, descriptor, isSigned: isSigned)
        guard let bytes = dataSet[data]?.bytes else { throw PixelError(.badAttribute, "no entries", tag: data) }
        guard let entries = Self.entries(bytes, count: shape.count) else {
            throw PixelError(.badAttribute, "fewer entries than the \(shape.count) of its descriptor", tag: data)
        }
        self.init(first: shape.first, entries: entries, bits: shape.bits)
    }

    /// The entry of an input; inputs below the first have the first, those beyond the last have the last.
    func entry(_ value: Int) -> UInt16 {
        let (position, overflow) = value.subtractingReportingOverflow(first)
        guard !overflow else { return value < first ? entries[0] : entries[entries.count - 1] }
        return entries[min(max(position, 0), entries.count - 1)]
    }

    /// The largest level of an entry.
    var maximum: Int { 1 << bits - 1 }

    // Entries are words; 8-bit ones may also be bytes, which the length tells.
    private static func entries(_ bytes: ByteBuffer, count: Int) -> [UInt16]? {
        let view = bytes.readableBytesUInt8Span
        var entries: [UInt16] = []
        entries.reserveCapacity(count)
        if view.count >= count * 2 {
            for position in 0..<count {
                entries.append(UInt16(view[position * 2]) | UInt16(view[position * 2 + 1]) << 8)
            }
            return entries
        }
        guard view.count == count || view.count == count + count % 2 else { return nil }
        for position in 0..<count { entries.append(UInt16(view[position])) }
        return entries
    }
}

/// The three values of a LUT Descriptor.
struct LookupTableDescriptor: Sendable, Hashable {
    /// 1 to 65,536; written as 0.
    let count: Int
    let first: Int
    /// 1 to 16.
    let bits: Int

    init(_ dataSet: DataSet, _ tag: Tag, isSigned: Bool) throws(PixelError) {
        guard let element = dataSet[tag], var bytes = element.bytes,
            let count = bytes.readInteger(endianness: .little, as: UInt16.self),
            let first = bytes.readInteger(endianness: .little, as: UInt16.self),
            let bits = bytes.readInteger(endianness: .little, as: UInt16.self)
        else { throw PixelError(.badAttribute, "a descriptor has three values", tag: tag) }
        guard (1...16).contains(bits) else {
            throw PixelError(.badAttribute, "entries of \(bits) bits", tag: tag)
        }
        self.count = count == 0 ? 65_536 : Int(count)
        // One VR holds for all three, and the count is unsigned whatever it is.
        let signedFirst = Int(Int16(bitPattern: first))
        // SS may be a guess after the pixels (Implicit VR): it counts unless no input would then reach the table.
        let saysSigned = element.vr == .ss && signedFirst + self.count > 0
        self.first = isSigned || saysSigned ? signedFirst : Int(first)
        self.bits = Int(bits)
    }
}
