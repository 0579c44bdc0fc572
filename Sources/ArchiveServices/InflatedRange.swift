import DICOMCoding
import DICOMCore
import NIOCore
import PackStorage
import Platform
import Synchronization

/// A range of the inflated Data Set of an object whose Transfer Syntax is deflated.
///
/// A deflated stream has no places to jump to. Reading goes on from where another range of the object ended, when one did
/// in front of this one and is still remembered, else it begins at the start.
struct InflatedRange: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let recordID: RandomID
    let start: InflatingReader
    let range: Range<UInt64>
    let cache: InflationCache

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(
            recordID: recordID,
            reader: cache.take(recordID, notBehind: range.lowerBound) ?? start,
            range: range,
            cache: cache
        )
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        let recordID: RandomID
        var reader: InflatingReader
        let range: Range<UInt64>
        let cache: InflationCache

        mutating func next() async throws(ArchiveError) -> ByteBuffer? {
            if let bytes = try await reader.next(upTo: range) { return bytes }
            cache.keep(reader, of: recordID)
            return nil
        }
    }
}

/// Inflates a Data Set from front to back.
///
/// A value: a copy goes on from the same place.
struct InflatingReader: Sendable {
    /// Plain bytes that were handed out or passed over.
    private(set) var position: UInt64 = 0
    private var compressed: PackReadSequence.AsyncIterator
    private var inflater: Inflater
    private var pending = ByteBuffer()

    init(_ compressed: PackReadSequence, limits: DataSetLimits) {
        self.compressed = compressed.makeAsyncIterator()
        inflater = Inflater(lengthLimit: limits.inflatedLength, ratioLimit: limits.inflationRatio)
    }

    /// The next bytes that lie in the range; `nil` at its end and at the end of the Data Set.
    mutating func next(upTo range: Range<UInt64>) async throws(ArchiveError) -> ByteBuffer? {
        while position < range.upperBound {
            if pending.readableBytes == 0 {
                guard let chunk = try await nextInflated() else { return nil }
                pending = chunk
            }
            let waiting = UInt64(pending.readableBytes)
            if position < range.lowerBound {
                let skipped = min(waiting, range.lowerBound - position)
                pending.moveReaderIndex(forwardBy: Int(skipped))
                position += skipped
            } else {
                let length = min(waiting, range.upperBound - position)
                position += length
                return pending.readSlice(length: Int(length))
            }
        }
        return nil
    }

    private mutating func nextInflated() async throws(ArchiveError) -> ByteBuffer? {
        while true {
            do throws(DataSetError) {
                if let chunk = try inflater.next() { return chunk }
            } catch {
                throw ArchiveError(.damaged, "The stored deflated Data Set does not inflate: \(error)")
            }
            do throws(PackError) {
                guard let chunk = try await compressed.next() else { return nil }
                inflater.append(chunk)
            } catch {
                throw ArchiveError(error)
            }
        }
    }
}

/// Remembers where the last readers of deflated objects stopped, so that frames in a row cost one pass, not one each.
///
/// Each entry holds about 1 MiB, so there are few.
final class InflationCache: Sendable {
    private static let limit = 4

    private let readers = Mutex<[(recordID: RandomID, reader: InflatingReader)]>([])

    /// Takes the reader of that record that is nearest in front of a place out; `nil` when there is none.
    func take(_ recordID: RandomID, notBehind place: UInt64) -> InflatingReader? {
        readers.withLock { readers in
            let fitting = readers.indices.filter {
                readers[$0].recordID == recordID && readers[$0].reader.position <= place
            }
            let nearest = fitting.max { readers[$0].reader.position < readers[$1].reader.position }
            return nearest.map { readers.remove(at: $0).reader }
        }
    }

    /// Remembers a reader, and forgets the oldest beyond the limit.
    func keep(_ reader: InflatingReader, of recordID: RandomID) {
        readers.withLock { readers in
            readers.append((recordID: recordID, reader: reader))
            if readers.count > Self.limit { readers.removeFirst() }
        }
    }
}
