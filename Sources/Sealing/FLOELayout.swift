/// Where the bytes of a sealed stream lie: lengths and ranges, no keys.
///
/// Made only from lengths for which no sum overflows, so nothing else here can fail but a range beyond the end.
public struct FLOELayout: Sendable, Hashable {
    /// The parameters of the stream.
    public let parameters: FLOEParameters
    /// Bytes of plaintext.
    public let plaintextLength: UInt64
    /// Bytes of the sealed stream: header and segments.
    public let sealedLength: UInt64
    /// How many segments there are; at least one.
    public let segmentCount: UInt64

    /// The layout of a stream with that many bytes of plaintext.
    public init(plaintextLength: UInt64, parameters: FLOEParameters = .standard) throws(SealingError) {
        let capacity = UInt64(parameters.plaintextLength)
        let (quotient, rest) = plaintextLength.quotientAndRemainder(dividingBy: capacity)
        let segmentCount = max(1, rest == 0 ? quotient : quotient + 1)
        guard segmentCount <= FLOEParameters.segmentCountLimit else { throw SealingError(.streamTooLong) }
        // Below 2^40 segments of at most 2^24 bytes: the sum stays below 2^64 only if checked.
        let (overhead, overflows) = segmentCount.multipliedReportingOverflow(by: UInt64(FLOEParameters.segmentOverhead))
        let (body, bodyOverflows) = plaintextLength.addingReportingOverflow(overhead)
        let (sealed, sealedOverflows) = body.addingReportingOverflow(UInt64(FLOEParameters.headerLength))
        guard !overflows, !bodyOverflows, !sealedOverflows else { throw SealingError(.streamTooLong) }
        self.parameters = parameters
        self.plaintextLength = plaintextLength
        self.segmentCount = segmentCount
        sealedLength = sealed
    }

    /// The layout of a stream with that many sealed bytes, header included.
    ///
    /// - Throws: `.malformedSegment` when no canonical stream has this length.
    public init(sealedLength: UInt64, parameters: FLOEParameters = .standard) throws(SealingError) {
        let overhead = UInt64(FLOEParameters.segmentOverhead)
        let (body, underflows) = sealedLength.subtractingReportingOverflow(UInt64(FLOEParameters.headerLength))
        guard !underflows, body >= overhead else { throw SealingError(.malformedSegment) }
        let segmentLength = UInt64(parameters.segmentLength)
        let (whole, rest) = body.quotientAndRemainder(dividingBy: segmentLength)
        // A last segment without plaintext is canonical only alone.
        guard rest == 0 || rest > overhead || (rest == overhead && whole == 0) else {
            throw SealingError(.malformedSegment)
        }
        let segmentCount = rest == 0 ? whole : whole + 1
        try self.init(plaintextLength: body - segmentCount * overhead, parameters: parameters)
    }

    /// Whether a segment is the last.
    public func isLast(_ index: UInt64) -> Bool {
        index == segmentCount - 1
    }

    /// The segments that hold a range of the plaintext; none for an empty range.
    public func segments(holding range: Range<UInt64>) throws(SealingError) -> Range<UInt64> {
        guard range.upperBound <= plaintextLength else { throw SealingError(.rangeOutOfBounds) }
        guard !range.isEmpty else { return 0..<0 }
        let capacity = UInt64(parameters.plaintextLength)
        return range.lowerBound / capacity..<(range.upperBound - 1) / capacity + 1
    }

    /// Where sealed segments lie, counted from the first byte of the header.
    public func bytes(ofSegments segments: Range<UInt64>) throws(SealingError) -> Range<UInt64> {
        guard segments.upperBound <= segmentCount else { throw SealingError(.rangeOutOfBounds) }
        guard !segments.isEmpty else { return 0..<0 }
        let header = UInt64(FLOEParameters.headerLength)
        let length = UInt64(parameters.segmentLength)
        let end = segments.upperBound == segmentCount ? sealedLength : header + segments.upperBound * length
        return header + segments.lowerBound * length..<end
    }

    /// The plaintext that segments hold.
    public func plaintext(ofSegments segments: Range<UInt64>) throws(SealingError) -> Range<UInt64> {
        guard segments.upperBound <= segmentCount else { throw SealingError(.rangeOutOfBounds) }
        guard !segments.isEmpty else { return 0..<0 }
        let capacity = UInt64(parameters.plaintextLength)
        let end = segments.upperBound == segmentCount ? plaintextLength : segments.upperBound * capacity
        return segments.lowerBound * capacity..<end
    }
}
