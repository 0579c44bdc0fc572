import DICOMUpperLayer
public import NIOCore
import Synchronization

/// The Data Set of a message as it comes from the peer. Goes by once.
///
/// A piece is taken from the network when it is asked for: a reader that is slow slows the peer down.
public struct DIMSEBody: AsyncSequence, Sendable {
    /// A piece of the Data Set.
    public typealias Element = ByteBuffer
    /// How it fails.
    public typealias Failure = DIMSEError

    private let nextPiece: @Sendable () async throws(DIMSEError) -> ByteBuffer?

    /// Makes a body out of what returns its pieces one by one, and `nil` after the last.
    public init(nextPiece: @escaping @Sendable () async throws(DIMSEError) -> ByteBuffer?) {
        self.nextPiece = nextPiece
    }

    /// Reads the pieces.
    public func makeAsyncIterator() -> Iterator {
        Iterator(nextPiece: nextPiece)
    }

    /// The next pieces of the Data Set.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let nextPiece: @Sendable () async throws(DIMSEError) -> ByteBuffer?

        /// The next piece; `nil` after the last.
        ///
        /// - Throws: `.associationEnded`, `.releasedMidMessage`, `.fragmentUnexpected`, `.dataSetTooLong`.
        public mutating func next() async throws(DIMSEError) -> ByteBuffer? {
            try await nextPiece()
        }

        /// The next piece; `nil` after the last.
        public mutating func next(isolation: isolated (any Actor)?) async throws(DIMSEError) -> ByteBuffer? {
            try await nextPiece()
        }
    }
}

/// Takes the values of one Data Set from an association, and remembers how far it came.
final class DataSetStream: Sendable {
    private struct State {
        var length: UInt64 = 0
        var isFinished = false
        var failure: DIMSEError?
    }

    private let association: Association
    private let presentationContextID: UInt8
    private let lengthLimit: UInt64
    private let state = Mutex(State())

    init(association: Association, presentationContextID: UInt8, lengthLimit: UInt64) {
        self.association = association
        self.presentationContextID = presentationContextID
        self.lengthLimit = lengthLimit
    }

    /// Why it will never be complete; `nil` while all is well.
    var failure: DIMSEError? { state.withLock { $0.failure } }

    func next() async throws(DIMSEError) -> ByteBuffer? {
        while true {
            let (isFinished, failure) = state.withLock { ($0.isFinished, $0.failure) }
            if let failure { throw failure }
            if isFinished { return nil }
            let indication: AssociationIndication =
                if let ready = association.poll() { ready } else { await association.receive(isMidMessage: true) }
            if let bytes = try take(indication) { return bytes }
        }
    }

    /// Takes the rest and drops it.
    func drain() async throws(DIMSEError) {
        while try await next() != nil {}
    }

    private func take(_ indication: AssociationIndication) throws(DIMSEError) -> ByteBuffer? {
        switch indication {
        case .ended(let end): throw fail(.associationEnded(end))
        case .releaseRequested: throw fail(.releasedMidMessage)
        case .value(let value):
            guard value.presentationContextID == presentationContextID, !value.isCommand else {
                throw fail(.fragmentUnexpected)
            }
            let isTooLong = state.withLock { state in
                state.length += UInt64(value.bytes.readableBytes)
                state.isFinished = value.isLast
                return state.length > lengthLimit
            }
            if isTooLong { throw fail(.dataSetTooLong) }
            return value.bytes.readableBytes > 0 ? value.bytes : nil
        }
    }

    private func fail(_ code: DIMSEError.Code) -> DIMSEError {
        state.withLock { state in
            let failure = state.failure ?? DIMSEError(code)
            state.failure = failure
            return failure
        }
    }
}
