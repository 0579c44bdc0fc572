public import NIOCore
import Platform

/// A range of a payload as a sequence of buffers of about 1 MiB, or 8 MiB from a store on the network.
///
/// The next is read when it is asked for. Each buffer is verified before it is returned; an error ends the sequence.
public struct PackReadSequence: AsyncSequence, Sendable {
    /// The bytes.
    public typealias Element = ByteBuffer
    /// Why it may end early.
    public typealias Failure = PackError

    private let store: PackStore
    private let location: RecordLocation
    private let context: [UInt8]
    private let range: Range<UInt64>
    private let isCached: Bool

    /// Whole segments of 65,504 bytes, so that no segment is opened twice.
    static let stepLength: UInt64 = 16 * 65_504
    /// About 8 MiB: a frame that is no longer is one request to a store on the network.
    static let remoteStepLength: UInt64 = 128 * 65_504

    /// The first step of what is left, up to a boundary that does not depend on where it begins.
    static func step(of rest: Range<UInt64>) -> Range<UInt64> {
        prefix(of: rest, upTo: (rest.lowerBound / stepLength + 1).multipliedReportingOverflow(by: stepLength))
    }

    /// The first step of what is left in a remote place, up to the end of a segment.
    static func remoteStep(of rest: Range<UInt64>) -> Range<UInt64> {
        let segment: UInt64 = 65_504
        let count = rest.lowerBound / segment + remoteStepLength / segment
        return prefix(of: rest, upTo: count.multipliedReportingOverflow(by: segment))
    }

    private static func prefix(
        of rest: Range<UInt64>,
        upTo boundary: (partialValue: UInt64, overflow: Bool)
    ) -> Range<UInt64> {
        rest.lowerBound..<(boundary.overflow ? rest.upperBound : Swift.min(boundary.partialValue, rest.upperBound))
    }

    init(store: PackStore, location: RecordLocation, context: [UInt8], range: Range<UInt64>, isCached: Bool) {
        self.isCached = isCached
        self.store = store
        self.location = location
        self.context = context
        self.range = range
    }

    /// Starts reading.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(store: store, location: location, context: context, isCached: isCached, rest: range)
    }

    /// Reads step by step.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        /// Why it may end early.
        public typealias Failure = PackError

        let store: PackStore
        let location: RecordLocation
        let context: [UInt8]
        let isCached: Bool
        var rest: Range<UInt64>

        /// The next bytes; `nil` at the end.
        public mutating func next() async throws(PackError) -> ByteBuffer? {
            guard !rest.isEmpty else { return nil }
            do throws(PackError) {
                let bytes = try await store.readStep(location, context: context, rest: rest, isCached: isCached)
                let end = rest.lowerBound + UInt64(bytes.readableBytes)
                guard bytes.readableBytes > 0, end <= rest.upperBound else {
                    throw PackError(.malformedPack, packID: location.packID, offset: location.offset)
                }
                rest = end..<rest.upperBound
                return bytes
            } catch {
                rest = rest.upperBound..<rest.upperBound
                throw error
            }
        }
    }
}
