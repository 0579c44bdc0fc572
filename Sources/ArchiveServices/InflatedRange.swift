import DICOMCoding
import DICOMCore
import NIOCore
import PackStorage

/// A range of the inflated Data Set of an object whose Transfer Syntax is deflated.
///
/// A deflated stream has no places to jump to, so reading begins at its start every time; such objects are small.
struct InflatedRange: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let compressed: PackReadSequence
    let range: Range<UInt64>
    let limits: DataSetLimits

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(
            compressed: compressed.makeAsyncIterator(),
            inflater: Inflater(lengthLimit: limits.inflatedLength, ratioLimit: limits.inflationRatio),
            range: range
        )
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        var compressed: PackReadSequence.AsyncIterator
        var inflater: Inflater
        let range: Range<UInt64>
        var position: UInt64 = 0

        mutating func next() async throws(ArchiveError) -> ByteBuffer? {
            while position < range.upperBound {
                guard let chunk = try await nextInflated() else { return nil }
                let start = position
                position += UInt64(chunk.readableBytes)
                let wanted =
                    Swift.max(
                        start,
                        range.lowerBound
                    )..<Swift.max(range.lowerBound, Swift.min(position, range.upperBound))
                guard !wanted.isEmpty else { continue }
                return chunk.getSlice(
                    at: chunk.readerIndex + Int(wanted.lowerBound - start),
                    length: wanted.count
                )
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
}
