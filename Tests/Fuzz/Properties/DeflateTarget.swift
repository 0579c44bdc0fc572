import DICOMCoding
import DICOMCore
public import NIOCore

/// Deflated streams (RFC 1951), as they stand behind the File Meta Information of a deflated object (PS3.5 A.5).
public enum DeflateTarget: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "Deflate"

    private static let lengthLimit: UInt64 = 262_144
    /// Bombs of a few bytes would take most of the time.
    private static let parsedLengthLimit: UInt64 = 8_192
    /// The most that one call gives.
    private static let pieceLimit = 65_536

    /// The first byte chooses the pieces, the rest is the stream.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) {
        var stream = input
        let seed = stream.takeChoice()
        let whole = try Outcome(inflating: [stream])
        let cut = try Outcome(inflating: stream.pieces(seed: seed))
        try require(
            whole.error?.code == cut.error?.code && (whole.error != nil || whole.isEnded == cut.isEnded),
            "pieces end with \(cut.summary), the whole with \(whole.summary)"
        )
        // Behind a fault, what came out before it depends on the pieces that went in.
        let common = min(whole.plain.readableBytes, cut.plain.readableBytes)
        try require(
            whole.plain.readableBytesView.prefix(common).elementsEqual(cut.plain.readableBytesView.prefix(common)),
            "pieces give other bytes than the whole"
        )
        if whole.error == nil {
            try require(whole.plain.readableBytes == cut.plain.readableBytes, "pieces give another length")
        }
        // Every input is also something to be stored: what the simplest deflater makes of it is read back.
        let stored = try Outcome(inflating: StoredDeflate.stream(of: stream).pieces(seed: seed))
        try require(stored.isEnded && stored.plain == stream, "a stored stream is not read back: \(stored.summary)")
    }

    /// The stream as a whole or in pieces, as the first byte says.
    public static func parse(_ input: ByteBuffer) throws(PropertyViolation) {
        var stream = input
        let seed = stream.takeChoice()
        let pieces = seed & 0x10 == 0 ? [stream] : stream.pieces(seed: seed)
        _ = try Outcome(inflating: pieces, lengthLimit: parsedLengthLimit)
    }

    private struct Outcome {
        var plain = ByteBuffer()
        var error: DataSetError?
        var isEnded = false
        var summary: String { "\(plain.readableBytes) bytes, \(String(describing: error)), ended: \(isEnded)" }

        init(
            inflating pieces: [ByteBuffer],
            lengthLimit: UInt64 = DeflateTarget.lengthLimit
        ) throws(PropertyViolation) {
            var inflater = Inflater(lengthLimit: lengthLimit, ratioLimit: 1_100)
            for (index, piece) in pieces.enumerated() {
                inflater.append(piece)
                if index == 1 {
                    // A copy goes on by itself: what it does must not be seen by the original.
                    var copy = inflater
                    _ = Self.next(&copy)
                }
                while case .piece(let bytes) = Self.next(&inflater, &error) {
                    try require(bytes.readableBytes <= pieceLimit, "a piece of \(bytes.readableBytes) bytes")
                    plain.writeImmutableBuffer(bytes)
                }
                if error != nil { break }
            }
            isEnded = inflater.isEnded
            try require(
                plain.readableBytes <= Int(lengthLimit),
                "\(plain.readableBytes) bytes came out, the limit is \(lengthLimit)"
            )
        }

        private enum Step {
            case piece(ByteBuffer)
            case nothing
        }

        private static func next(_ inflater: inout Inflater) -> Step {
            var ignored: DataSetError?
            return next(&inflater, &ignored)
        }

        private static func next(_ inflater: inout Inflater, _ error: inout DataSetError?) -> Step {
            do throws(DataSetError) {
                return try inflater.next().map { .piece($0) } ?? .nothing
            } catch let fault {
                error = fault
                return .nothing
            }
        }
    }
}
