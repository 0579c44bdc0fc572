import DICOMCoding
public import NIOCore
import PackStorage
import Platform

/// Bytes of a stored object with a known length, read and opened as they are asked for.
public struct ByteStream: AsyncSequence, Sendable {
    /// Chunks of at most 1 MiB.
    public typealias Element = ByteBuffer

    /// Bytes in all.
    public let length: UInt64
    private let parts: [Part]
    private let window: BitWindow?
    /// Memory that the bytes take until nobody reads them any more.
    private let reservation: MemoryReservation?

    /// A piece of the stream: bytes at hand, or a range of a stored payload.
    enum Part: Sendable {
        case bytes(ByteBuffer)
        case stored(StoredPayload, Range<UInt64>)
        case gathered(StoredPayload, GatheredRanges)
        case inflated(InflatedRange)
    }

    /// The payload that ranges are read from; shared by all of them, however many there are.
    final class StoredPayload: Sendable {
        private let packs: PackStore
        private let location: RecordLocation
        private let context: [UInt8]

        init(packs: PackStore, location: RecordLocation, context: [UInt8]) {
            self.packs = packs
            self.location = location
            self.context = context
        }

        /// Counts a reader, for background work to rest.
        func visit() -> DoorVisit { packs.traffic.enter() }

        func read(_ range: Range<UInt64>) -> PackReadSequence {
            packs.stream(location, context: context, range: range)
        }
    }

    init(length: UInt64, parts: [Part], window: BitWindow? = nil) {
        self.length = length
        self.parts = parts
        self.window = window
        reservation = nil
    }

    /// Bytes that were made, and the memory that they take.
    init(_ bytes: ByteBuffer, holding reservation: MemoryReservation) {
        length = UInt64(bytes.readableBytes)
        parts = [.bytes(bytes)]
        window = nil
        self.reservation = reservation
    }

    /// The same bytes, of which the first are read already: a store that does not answer is known of before an answer
    /// begins.
    func begun() async throws(ArchiveError) -> ByteStream {
        guard case .stored(let payload, let range) = parts.first, !range.isEmpty else { return self }
        let middle = range.lowerBound + Swift.min(UInt64(range.count), Self.firstLength)
        var chunks = ByteStream(length: middle - range.lowerBound, parts: [.stored(payload, range.lowerBound..<middle)])
            .makeAsyncIterator()
        var first = ByteBuffer()
        while let chunk = try await chunks.next() { first.writeImmutableBuffer(chunk) }
        var parts = self.parts
        parts[0] = .bytes(first)
        if middle < range.upperBound { parts.insert(.stored(payload, middle..<range.upperBound), at: 1) }
        return ByteStream(length: length, parts: parts, window: window)
    }

    /// Bytes that are read before an answer begins: one chunk.
    private static let firstLength: UInt64 = 1 << 20

    /// Starts reading.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(parts: parts, window: window, reservation: reservation)
    }

    /// Reads the chunks in order.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private var waiting: ArraySlice<Part>
        private var current: Source?

        private enum Source {
            case stored(PackReadSequence.AsyncIterator)
            case gathered(PackReadSequence.AsyncIterator, RangeGatherer)
            case inflated(InflatedRange.AsyncIterator)
        }

        private var window: BitWindow?
        private let reservation: MemoryReservation?
        /// Somebody reads until the end of the stored bytes, or until nobody holds this.
        private var visit: DoorVisit?

        init(parts: [Part], window: BitWindow?, reservation: MemoryReservation?) {
            self.reservation = reservation
            waiting = parts[...]
            self.window = window
        }

        /// The next chunk; `nil` at the end.
        ///
        /// - Throws: `.damaged` when a segment fails its authentication; what was returned before it is authentic.
        public mutating func next() async throws(ArchiveError) -> ByteBuffer? {
            guard window != nil else { return try await nextOfParts() }
            while let chunk = try await nextOfParts() {
                if let bytes = window?.take(chunk), bytes.readableBytes > 0 { return bytes }
            }
            let rest = window?.finish()
            window = nil
            return rest.flatMap { $0.readableBytes > 0 ? $0 : nil }
        }

        private mutating func nextOfParts() async throws(ArchiveError) -> ByteBuffer? {
            while true {
                if let chunk = try await nextOfCurrent() { return chunk }
                current = nil
                guard let part = waiting.popFirst() else {
                    visit = nil
                    return nil
                }
                switch part {
                case .bytes(let buffer): return buffer
                case .stored(let payload, let range):
                    visit = visit ?? payload.visit()
                    current = .stored(payload.read(range).makeAsyncIterator())
                case .gathered(let payload, let ranges):
                    visit = visit ?? payload.visit()
                    current = .gathered(payload.read(ranges.cover).makeAsyncIterator(), RangeGatherer(ranges))
                case .inflated(let range): current = .inflated(range.makeAsyncIterator())
                }
            }
        }

        private mutating func nextOfCurrent() async throws(ArchiveError) -> ByteBuffer? {
            switch current {
            case nil:
                return nil
            case .stored(var iterator):
                let chunk = try await Self.next(of: &iterator)
                current = .stored(iterator)
                return chunk
            case .gathered(var iterator, var gatherer):
                let chunk = try await Self.next(of: &iterator).map { gatherer.take($0) }
                current = .gathered(iterator, gatherer)
                return chunk
            case .inflated(var iterator):
                let chunk = try await iterator.next()
                current = .inflated(iterator)
                return chunk
            }
        }

        private static func next(
            of iterator: inout PackReadSequence.AsyncIterator
        ) async throws(ArchiveError) -> ByteBuffer? {
            do throws(PackError) {
                return try await iterator.next()
            } catch {
                throw ArchiveError(error)
            }
        }
    }
}
