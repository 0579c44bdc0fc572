package import DICOMCoding
import DICOMCore
import DICOMPixels
package import NIOCore

/// An object that is to be de-identified: how its bytes are read, as often as it takes.
public struct OriginalObject: Sendable {
    /// Begins to read the Part 10 file.
    let reader: @Sendable () async throws -> ObjectSource.Reader
    /// Reads ranges of the Data Set (of the inflated one when it is deflated), joined.
    let ranges: @Sendable (ScannedFile, [Range<UInt64>]) async throws -> ByteBuffer

    /// Describes an object.
    ///
    /// - Parameter ranges: Is told what was found when the object was read, too.
    package init(
        reader: @escaping @Sendable () async throws -> ObjectSource.Reader,
        ranges: @escaping @Sendable (ScannedFile, [Range<UInt64>]) async throws -> ByteBuffer
    ) {
        self.reader = reader
        self.ranges = ranges
    }

    /// Passes all bytes on, piece by piece.
    func forEachChunk(_ take: (ByteBuffer) async throws -> Void) async throws {
        let read = try await reader()
        while let chunk = try await read() { try await take(chunk) }
    }
}

extension ScannedFile {
    /// A frame as it is stored, beginning with a byte; empty when there is none.
    ///
    /// Words of `SwappedWords` are in their order.
    ///
    /// - Parameters:
    ///   - frameIndex: 0-based.
    ///   - read: Reads ranges of the Data Set, joined.
    package func frame(
        _ frameIndex: Int,
        read: ([Range<UInt64>]) async throws -> ByteBuffer
    ) async throws -> ByteBuffer {
        guard let index = self.frameIndex else { return ByteBuffer() }
        let ranges = index.byteRanges(frameIndex: frameIndex)
        var bytes = ByteBuffer()
        if let words = SwappedWords(dataSet, in: part10.transferSyntax) {
            for range in ranges {
                bytes.writeImmutableBuffer(words.bytes(of: range, in: try await read([words.words(around: range)])))
            }
        } else {
            bytes = try await read(ranges)
        }
        guard let bits = index.bits(frameIndex: frameIndex) else { return bytes }
        var window = BitWindow(first: bits.first, count: bits.count)
        var frame = window.take(bytes)
        frame.writeImmutableBuffer(window.finish())
        return frame
    }
}
