import NIOCore
import Sealing

/// A range of a payload, and the whole segments of the pack that hold it.
struct SealedPart: Sendable {
    /// Where the segments lie in the pack.
    let bytes: Range<UInt64>
    private let layout: FLOELayout
    private let segments: Range<UInt64>
    /// What is wanted of the opened segments.
    private let range: Range<UInt64>

    /// The segments that hold a range, which is not empty and lies within the payload.
    init(_ range: Range<UInt64>, of location: RecordLocation, parameters: FLOEParameters) throws {
        layout = try FLOELayout(plaintextLength: location.payloadLength, parameters: parameters)
        segments = try layout.segments(holding: range)
        self.range = range
        bytes = try Self.place(segments, layout, location)
    }

    /// Whole segments.
    init(segments: Range<UInt64>, layout: FLOELayout, of location: RecordLocation) throws {
        self.layout = layout
        self.segments = segments
        range = try layout.plaintext(ofSegments: segments)
        bytes = try Self.place(segments, layout, location)
    }

    /// Verifies the segments and returns the bytes of the range.
    func open(_ sealed: ByteBuffer, _ opener: FLOEOpener) throws -> ByteBuffer {
        var opener = opener
        var sealed = sealed
        let covered = try layout.plaintext(ofSegments: segments)
        var plaintext = ByteBuffer()
        plaintext.reserveCapacity(covered.count)
        try opener.open(&sealed, segments: segments, layout: layout, into: &plaintext)
        plaintext.moveReaderIndex(forwardBy: Int(range.lowerBound - covered.lowerBound))
        guard let slice = plaintext.readSlice(length: range.count) else { throw PackError(.malformedPack) }
        return slice
    }

    private static func place(
        _ segments: Range<UInt64>,
        _ layout: FLOELayout,
        _ location: RecordLocation
    ) throws -> Range<UInt64> {
        let bytes = try layout.bytes(ofSegments: segments)
        let start = try location.payloadOffset
        return try start.adding(bytes.lowerBound)..<start.adding(bytes.upperBound)
    }
}
