import NIOCore
import Platform
import Sealing

/// The same reads as of a file, of a pack that lies in another store: bytes first, then one visit to the pool to open them.
extension PackReader {
    /// Bytes between the head of a record and a range that are fetched along, to save a request.
    private static let gapLimit: UInt64 = 1_024 * 1_024

    /// The part of a payload that lies in `range`: one request when the record was read before or the range begins near it,
    /// else two.
    func payload(
        _ location: RecordLocation,
        key: StudyKey,
        context: [UInt8],
        range: Range<UInt64>,
        from pack: PlacedPack,
        pool: WorkPool
    ) async throws -> ByteBuffer {
        guard range.upperBound <= location.payloadLength else { throw SealingError(.rangeOutOfBounds) }
        guard !range.isEmpty else { return ByteBuffer() }
        if let opener = knownOpener(location, context: context) {
            let part = try SealedPart(range, of: location, parameters: opener.parameters)
            let sealed = try await pack.bytes(part.bytes)
            return try await pool.run { try part.open(sealed, opener) }
        }
        // Every writer of ours takes the standard segments; a record with others costs another request.
        let guess = try SealedPart(range, of: location, parameters: .standard)
        let (head, sealed) = try await headAndPart(location, guess.bytes, pack)
        let opener = try await pool.run { try self.makeOpener(location, key: key, context: context, head: head) }
        guard opener.parameters != .standard else { return try await pool.run { try guess.open(sealed, opener) } }
        let part = try SealedPart(range, of: location, parameters: opener.parameters)
        let bytes = try await pack.bytes(part.bytes)
        return try await pool.run { try part.open(bytes, opener) }
    }

    /// Opens a step of segments, for the check of their tags alone.
    ///
    /// - Returns: The first segment of the next step; `nil` after the last.
    func verify(
        _ location: RecordLocation,
        key: StudyKey,
        context: [UInt8],
        from index: UInt64,
        in pack: PlacedPack,
        pool: WorkPool
    ) async throws -> UInt64? {
        let head = try await pack.bytes(Self.headRange(location))
        let opener = try await pool.run { try self.makeOpener(location, key: key, context: context, head: head) }
        let layout = try FLOELayout(plaintextLength: location.payloadLength, parameters: opener.parameters)
        let step = max(1, UInt64(PackReadSequence.remoteStepLength) / UInt64(opener.parameters.segmentLength))
        let end = min(layout.segmentCount, index + step)
        let part = try SealedPart(segments: index..<end, layout: layout, of: location)
        let sealed = try await pack.bytes(part.bytes)
        _ = try await pool.run { try part.open(sealed, opener) }
        return end < layout.segmentCount ? end : nil
    }

    /// The context and the manifest of a record.
    func manifest(
        _ location: RecordLocation,
        key: StudyKey,
        from pack: PlacedPack,
        pool: WorkPool
    ) async throws -> (context: [UInt8], manifest: ByteBuffer) {
        let range = try Self.tail(of: location)
        let (head, tail) = try await headAndPart(location, range, pack)
        return try await pool.run { try Self.manifest(location, key: key, header: head, tail: tail) }
    }

    private static func headRange(_ location: RecordLocation) throws -> Range<UInt64> {
        try location.offset..<location.offset.adding(UInt64(headLength))
    }

    /// The head of a record and a later part of it.
    private func headAndPart(
        _ location: RecordLocation,
        _ part: Range<UInt64>,
        _ pack: PlacedPack
    ) async throws -> (head: ByteBuffer, part: ByteBuffer) {
        let head = try Self.headRange(location)
        guard part.lowerBound > head.upperBound, part.lowerBound - head.upperBound > Self.gapLimit else {
            let all = try await pack.bytes(head.lowerBound..<max(part.upperBound, head.upperBound))
            let start = all.readerIndex + Int(part.lowerBound - head.lowerBound)
            guard
                part.lowerBound >= head.lowerBound,
                let first = all.getSlice(at: all.readerIndex, length: Self.headLength),
                let rest = all.getSlice(at: start, length: part.count)
            else { throw PackError(.malformedPack) }
            return (head: first, part: rest)
        }
        async let first = pack.bytes(head)
        async let rest = pack.bytes(part)
        return (head: try await first, part: try await rest)
    }
}
