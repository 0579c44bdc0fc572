public import Crypto
public import NIOCore
public import Platform

/// Seals one stream, segment by segment, without knowing its length beforehand.
///
/// Between calls it holds at most one segment of plaintext: only the end of the stream tells which segment is the last.
/// A copy of a sealer does no harm to secrecy (every nonce is drawn afresh), but only one of them yields a stream that opens.
public struct FLOESealer: Sendable {
    /// The 74 bytes that go before the first segment.
    public let header: ByteBuffer
    /// The parameters of the stream.
    public let parameters: FLOEParameters
    /// Bytes of plaintext taken in so far.
    public private(set) var plaintextLength: UInt64 = 0

    private var keys: FLOEKeySchedule
    private var held = ByteBuffer()
    private var nextIndex: UInt64 = 0
    private var isFinished = false
    private let random: any RandomSource

    /// Starts a stream.
    ///
    /// - Parameter key: 32 bytes, used for this stream only.
    /// - Parameter associatedData: What the stream belongs to; whoever opens it must give the same bytes.
    public init(
        key: SymmetricKey,
        associatedData: [UInt8],
        parameters: FLOEParameters = .standard,
        random: any RandomSource
    ) {
        let iv = random.bytes(FLOEParameters.ivLength)
        keys = FLOEKeySchedule(key: key, associatedData: associatedData, parameters: parameters, iv: iv)
        self.parameters = parameters
        self.random = random
        var header = ByteBuffer()
        header.reserveCapacity(FLOEParameters.headerLength)
        header.writeBytes(parameters.encoded)
        header.writeBytes(iv)
        header.writeBytes(keys.headerTag.rawBytes)
        self.header = header
    }

    /// Takes plaintext in and appends the segments that are now known not to be the last.
    ///
    /// Whole segments are sealed straight from `plaintext`; only the rest is copied.
    public mutating func update(_ plaintext: ByteBuffer, into sealed: inout ByteBuffer) throws(SealingError) {
        guard !isFinished else { throw SealingError(.finished) }
        var plaintext = plaintext
        let (length, overflows) = plaintextLength.addingReportingOverflow(UInt64(plaintext.readableBytes))
        guard !overflows else { throw SealingError(.streamTooLong) }
        plaintextLength = length
        let capacity = parameters.plaintextLength
        if held.readableBytes > 0 {
            if var part = plaintext.readSlice(length: min(capacity - held.readableBytes, plaintext.readableBytes)) {
                held.writeBuffer(&part)
            }
            guard plaintext.readableBytes > 0 else { return }
            try seal(held, isLast: false, into: &sealed)
            held.clear()
        }
        while plaintext.readableBytes > capacity, let segment = plaintext.readSlice(length: capacity) {
            try seal(segment, isLast: false, into: &sealed)
        }
        if held.capacity < capacity, nextIndex > 0 { held.reserveCapacity(capacity) }
        held.writeBuffer(&plaintext)
    }

    /// Ends the stream: appends the last segment.
    public mutating func finish(into sealed: inout ByteBuffer) throws(SealingError) {
        guard !isFinished else { throw SealingError(.finished) }
        isFinished = true
        try seal(held, isLast: true, into: &sealed)
        held = ByteBuffer()
    }

    private mutating func seal(
        _ plaintext: ByteBuffer,
        isLast: Bool,
        into sealed: inout ByteBuffer
    ) throws(SealingError) {
        let index = nextIndex
        guard index < FLOEParameters.segmentCountLimit else { throw SealingError(.streamTooLong) }
        nextIndex += 1
        let key = keys.segmentKey(index)
        let associatedData = FLOEKeySchedule.segmentAssociatedData(index, isLast: isLast)
        let length = plaintext.readableBytes + FLOEParameters.segmentOverhead
        sealed.writeInteger(isLast ? UInt32(length) : UInt32.max)
        // A random nonce under a key of its own per stream and 2^20 segments: a repeat has a chance below 2^-57.
        let nonceBytes = random.bytes(12)
        do {
            let nonce = try AES.GCM.Nonce(data: nonceBytes)
            // The plaintext is only read, and the pointer does not leave the closure.
            let box = try unsafe plaintext.withUnsafeReadableBytes { bytes in
                // Swift Crypto copies what it needs before it returns.
                try unsafe AES.GCM.seal(bytes, using: key, nonce: nonce, authenticating: associatedData)
            }
            // With a nonce of 12 bytes the combined form (nonce, ciphertext, tag) is that of FLOE.
            guard let combined = box.combined else { throw SealingError(.unsupportedParameters) }
            sealed.writeBytes(combined)
        } catch {
            throw SealingError(.unsupportedParameters, segmentIndex: index)
        }
    }
}
