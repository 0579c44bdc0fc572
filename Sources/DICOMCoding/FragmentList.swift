import DICOMCore
import NIOCore

/// The fragments of encapsulated Pixel Data as they pass, and how they make frames (PS3.5 A.4).
struct FragmentList: Sendable {
    /// The Basic Offset Table; empty when there is none or it is too long to be one.
    private(set) var basicOffsets = ByteBuffer()
    /// The Extended Offset Table (7FE0,0001), if the Data Set has one.
    var extendedOffsets = ByteBuffer()

    private var hasTable = false
    private var isInTable = false
    private var base: UInt64 = 0
    /// Of each fragment's contents, from the base.
    private var positions: [UInt64] = []
    private var end: UInt64 = 8
    /// Fragments that begin an image of their own: by the marker at their first byte.
    private var marked: [Int] = []
    private var opening: [UInt8] = []

    /// A table for more frames than fragments are allowed is not kept.
    private static let tableLengthLimit = 32 << 20

    mutating func begin(offset: UInt64, length: UInt32) {
        guard hasTable else {
            hasTable = true
            isInTable = true
            base = offset + UInt64(length)
            return
        }
        opening.removeAll(keepingCapacity: true)
        positions.append(offset - base)
        end = offset - base + UInt64(length) + 8
    }

    mutating func bytes(_ bytes: ByteBuffer) {
        if isInTable {
            if basicOffsets.readableBytes + bytes.readableBytes <= Self.tableLengthLimit {
                basicOffsets.writeImmutableBuffer(bytes)
            }
        } else if opening.count < 2 {
            opening.append(contentsOf: bytes.readableBytesView.prefix(2 - opening.count))
        }
    }

    mutating func endFragment() {
        if isInTable {
            isInTable = false
            return
        }
        // SOI of JPEG and JPEG-LS, SOC of JPEG 2000, JPEG XL codestream, and the first box of JP2 and JPEG XL files.
        switch opening {
        case [0xFF, 0xD8], [0xFF, 0x4F], [0xFF, 0x0A]: marked.append(positions.count - 1)
        default: break
        }
    }

    /// The index for that many frames; `nil` when the fragments cannot be told apart.
    func frameIndex(frameCount: Int) -> FrameIndex? {
        guard frameCount > 0, !positions.isEmpty, frameCount <= positions.count else { return nil }
        let firsts =
            fragments(at: basicOffsets, width: 4, frameCount: frameCount)
            ?? fragments(at: extendedOffsets, width: 8, frameCount: frameCount)
        if let firsts {
            return makeIndex(firsts)
        }
        if frameCount == positions.count { return makeIndex(Array(positions.indices)) }
        if frameCount == 1 { return makeIndex([0]) }
        return marked.count == frameCount && marked.first == 0 ? makeIndex(marked) : nil
    }

    /// The first fragments that an offset table names; `nil` unless each offset is where a fragment begins, ascending.
    private func fragments(at table: ByteBuffer, width: Int, frameCount: Int) -> [Int]? {
        guard table.readableBytes == frameCount * width else { return nil }
        var table = table
        var firsts: [Int] = []
        firsts.reserveCapacity(frameCount)
        var fragment = 0
        for _ in 0..<frameCount {
            let entry =
                width == 4
                ? table.readInteger(endianness: .little, as: UInt32.self).map(UInt64.init)
                : table.readInteger(endianness: .little, as: UInt64.self)
            guard let entry, entry <= end else { return nil }
            // An offset names the item header; positions are of the contents behind it.
            while fragment < positions.count, positions[fragment] < entry + 8 { fragment += 1 }
            guard fragment < positions.count, positions[fragment] == entry + 8, firsts.last != fragment else {
                return nil
            }
            firsts.append(fragment)
        }
        return firsts.first == 0 ? firsts : nil
    }

    private func makeIndex(_ firsts: [Int]) -> FrameIndex? {
        let isOneToOne = firsts.count == positions.count
        let width = end <= UInt64(UInt32.max) ? 4 : 8
        var table = ByteBufferAllocator().buffer(capacity: (positions.count + 1) * width)
        for position in positions + [end] {
            if width == 4 {
                table.writeInteger(UInt32(truncatingIfNeeded: position), endianness: .little)
            } else {
                table.writeInteger(position, endianness: .little)
            }
        }
        var firstTable: ByteBuffer?
        if !isOneToOne {
            var bytes = ByteBufferAllocator().buffer(capacity: (firsts.count + 1) * 4)
            for first in firsts + [positions.count] {
                bytes.writeInteger(UInt32(first), endianness: .little)
            }
            firstTable = bytes
        }
        let frames = EncapsulatedFrames(
            base: base,
            fragmentCount: positions.count,
            width: width,
            positions: table,
            firstFragments: firstTable
        )
        return FrameIndex(frameCount: firsts.count, layout: .encapsulated(frames))
    }
}
