/// Why a sealed stream cannot be made or opened.
///
/// Holds positions only, never bytes of the stream.
public struct SealingError: Error, Hashable, Sendable {
    /// The kind of failure.
    public enum Code: Hashable, Sendable {
        /// Parameters that FLOE does not know, or a segment length outside the limits.
        case unsupportedParameters
        /// The header has not 74 bytes, or not the parameters that were asked for.
        case malformedHeader
        /// The header tag is not that of this key, these associated data, and this header.
        case headerNotAuthentic
        /// A segment has the wrong length or length marker, or is empty where the canonical form forbids it.
        case malformedSegment
        /// A segment was altered, moved, or belongs to another stream.
        case segmentNotAuthentic
        /// The stream is longer than a sealed stream may be.
        case streamTooLong
        /// A range that reaches beyond the end of the plaintext.
        case rangeOutOfBounds
        /// The sealer was used after `finish`.
        case finished
    }

    /// The kind of failure.
    public let code: Code
    /// The 0-based index of the segment, when the failure is about one.
    public let segmentIndex: UInt64?

    /// Makes an error.
    public init(_ code: Code, segmentIndex: UInt64? = nil) {
        self.code = code
        self.segmentIndex = segmentIndex
    }
}

extension SealingError: CustomStringConvertible {
    /// What failed, for an operator.
    public var description: String {
        let text =
            switch code {
            case .unsupportedParameters: "unsupported parameters of a sealed stream"
            case .malformedHeader: "malformed header of a sealed stream"
            case .headerNotAuthentic:
                "the header of a sealed stream is not authentic: wrong key, wrong place, or damage"
            case .malformedSegment: "malformed segment"
            case .segmentNotAuthentic: "a segment is not authentic: damaged, moved, or of another stream"
            case .streamTooLong: "the stream is too long to be sealed"
            case .rangeOutOfBounds: "the range reaches beyond the end of the plaintext"
            case .finished: "the sealed stream is finished already"
            }
        guard let segmentIndex else { return text }
        return text + " (segment " + String(segmentIndex) + ")"
    }
}
