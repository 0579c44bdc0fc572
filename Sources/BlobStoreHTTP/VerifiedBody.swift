import NIOCore
import PackStorage
import Synchronization

/// A range of a source on its way out.
///
/// The last piece is handed out only when the digest of all is right: a server never gets wrong bytes whole.
struct VerifiedBody: AsyncSequence, Sendable {
    /// Keeps why the body failed, whatever the HTTP client makes of it.
    final class Reason: Sendable {
        private let state = Mutex<BlobStoreError?>(nil)

        var error: BlobStoreError? { state.withLock { $0 } }

        func set(_ error: BlobStoreError) { state.withLock { $0 = error } }
    }

    let source: BlobSource
    let range: Range<UInt64>
    let sha256: [UInt8]
    let failure: Reason

    func makeAsyncIterator() -> Iterator {
        Iterator(chunks: source.chunks(range).makeAsyncIterator(), rest: UInt64(range.count), body: self)
    }

    struct Iterator: AsyncIteratorProtocol {
        private var chunks: BlobChunks.Iterator
        private var rest: UInt64
        private var digest = BlobDigest()
        private let body: VerifiedBody

        init(chunks: BlobChunks.Iterator, rest: UInt64, body: VerifiedBody) {
            self.chunks = chunks
            self.rest = rest
            self.body = body
        }

        mutating func next() async throws -> ByteBuffer? {
            do throws(BlobStoreError) {
                guard let bytes = try await chunks.next() else { return nil }
                digest.update(bytes)
                rest -= UInt64(bytes.readableBytes)
                if rest == 0, digest.value != body.sha256 {
                    throw BlobStoreError(.corrupt, "the bytes of the blob do not have the digest that they should have")
                }
                return bytes
            } catch {
                body.failure.set(error)
                throw error
            }
        }
    }
}
