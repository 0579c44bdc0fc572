public import NIOCore
import Platform

/// A range of a payload as a sequence of buffers of about 1 MiB; the next is read when it is asked for.
///
/// Each buffer is verified before it is returned; an error ends the sequence.
public struct PackReadSequence: AsyncSequence, Sendable {
    /// The bytes.
    public typealias Element = ByteBuffer
    /// Why it may end early.
    public typealias Failure = PackError

    private let store: PackStore
    private let location: RecordLocation
    private let context: [UInt8]
    private let range: Range<UInt64>

    /// Whole segments of 65,504 bytes, so that no segment is opened twice.
    static let stepLength: UInt64 = 16 * 65_504

    init(store: PackStore, location: RecordLocation, context: [UInt8], range: Range<UInt64>) {
        self.store = store
        self.location = location
        self.context = context
        self.range = range
    }

    /// Starts reading.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(store: store, location: location, context: context, rest: range)
    }

    /// Reads step by step.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        /// Why it may end early.
        public typealias Failure = PackError

        let store: PackStore
        let location: RecordLocation
        let context: [UInt8]
        var rest: Range<UInt64>

        /// The next bytes; `nil` at the end.
        public mutating func next() async throws(PackError) -> ByteBuffer? {
            guard !rest.isEmpty else { return nil }
            let boundary = (rest.lowerBound / stepLength + 1).multipliedReportingOverflow(by: stepLength)
            let end = boundary.overflow ? rest.upperBound : Swift.min(boundary.partialValue, rest.upperBound)
            let step = rest.lowerBound..<end
            do throws(PackError) {
                let bytes = try await store.read(location, context: context, range: step)
                rest = end..<rest.upperBound
                return bytes
            } catch {
                rest = rest.upperBound..<rest.upperBound
                throw error
            }
        }
    }
}
