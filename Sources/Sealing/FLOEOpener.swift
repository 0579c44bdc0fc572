public import Crypto
public import NIOCore
import Platform

/// Opens the segments of one stream, in any order.
///
/// The header is verified first; no byte of a segment's plaintext is released before its tag is.
/// A reader that relies on where the stream ends must open the last segment.
public struct FLOEOpener: Sendable {
    /// The parameters that the header names.
    public let parameters: FLOEParameters
    private var keys: FLOEKeySchedule

    /// Verifies a header: it commits to the key, the associated data, and the parameters.
    ///
    /// - Throws: `.headerNotAuthentic` for another key or other associated data; `.malformedHeader`; `.unsupportedParameters`.
    public init(key: SymmetricKey, associatedData: [UInt8], header: ByteBuffer) throws(SealingError) {
        try self.init(
            key: key,
            associatedData: associatedData,
            header: header,
            parameters: FLOEParameters(header: header)
        )
    }

    init(
        key: SymmetricKey,
        associatedData: [UInt8],
        header: ByteBuffer,
        parameters: FLOEParameters
    ) throws(SealingError) {
        var rest = header
        guard
            header.readableBytes == FLOEParameters.headerLength,
            rest.readSlice(length: FLOEParameters.encodedLength) != nil,
            let iv = rest.readBytes(length: FLOEParameters.ivLength),
            let tag = rest.readBytes(length: FLOEParameters.tagLength)
        else { throw SealingError(.malformedHeader) }
        self.parameters = parameters
        keys = FLOEKeySchedule(key: key, associatedData: associatedData, parameters: parameters, iv: iv)
        guard ConstantTime.equal(tag, keys.headerTag.rawBytes) else { throw SealingError(.headerNotAuthentic) }
    }

    /// Opens one whole sealed segment and returns its plaintext.
    public mutating func open(
        segment: ByteBuffer,
        index: UInt64,
        isLast: Bool
    ) throws(SealingError) -> ByteBuffer {
        var plaintext = ByteBuffer()
        try open(segment: segment, index: index, isLast: isLast, into: &plaintext)
        return plaintext
    }

    /// Opens one whole sealed segment and appends its plaintext.
    public mutating func open(
        segment: ByteBuffer,
        index: UInt64,
        isLast: Bool,
        into plaintext: inout ByteBuffer
    ) throws(SealingError) {
        try check(segment, index: index, isLast: isLast)
        let key = keys.segmentKey(index)
        let associatedData = FLOEKeySchedule.segmentAssociatedData(index, isLast: isLast)
        do {
            // The sealed bytes are only read, and the pointer does not leave the closure.
            let opened = try unsafe segment.withUnsafeReadableBytes { bytes in
                // Behind the length marker: nonce, ciphertext and tag, as Swift Crypto combines them.
                let combined = unsafe UnsafeRawBufferPointer(rebasing: bytes.dropFirst(4))
                // Swift Crypto copies what it needs before it returns.
                let box = try unsafe AES.GCM.SealedBox(combined: combined)
                return try AES.GCM.open(box, using: key, authenticating: associatedData)
            }
            plaintext.writeBytes(opened)
        } catch {
            throw SealingError(.segmentNotAuthentic, segmentIndex: index)
        }
    }

    /// The length marker is not under the tag, so it is checked to have the one value that the rest implies.
    private func check(_ segment: ByteBuffer, index: UInt64, isLast: Bool) throws(SealingError) {
        let length = segment.readableBytes
        let isCanonical =
            if isLast {
                length >= FLOEParameters.segmentOverhead && length <= parameters.segmentLength
                    && (length > FLOEParameters.segmentOverhead || index == 0)
            } else {
                length == parameters.segmentLength
            }
        let marker = isLast ? UInt32(clamping: length) : UInt32.max
        guard
            isCanonical,
            index < FLOEParameters.segmentCountLimit,
            segment.getInteger(at: segment.readerIndex, as: UInt32.self) == marker
        else { throw SealingError(.malformedSegment, segmentIndex: index) }
    }
}

extension SymmetricKey {
    /// A copy of the key's bytes.
    var rawBytes: [UInt8] {
        // The bytes are copied before the pointer ends.
        unsafe withUnsafeBytes { unsafe Array($0) }
    }
}
