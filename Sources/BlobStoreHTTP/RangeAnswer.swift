public import NIOCore
import NIOHTTP1
public import PackStorage

extension StoreResponse {
    /// The bytes of a `GET` with a `Range` of at least one byte (RFC 9110 14): exactly those, or fewer at the end of the blob.
    ///
    /// - Parameter range: What was asked for.
    /// - Returns: `nil` when the status is none of a range that was read.
    /// - Throws: `.unavailable` when the answer is not what its head says; `.refused` when the server knows no ranges.
    public func bytes(of range: Range<UInt64>) throws(BlobStoreError) -> ByteBuffer? {
        // Some servers answer 200 to a range that they did read, and tell it.
        switch status == 200 && headers.contains(name: "content-range") ? 206 : status {
        case 206:
            guard
                let (first, last, size) = Self.contentRange(headers.first(name: "content-range") ?? ""),
                first == range.lowerBound, last < range.upperBound, last < size,
                last == min(range.upperBound, size) - 1, UInt64(body.readableBytes) == last - first + 1
            else {
                throw BlobStoreError(.unavailable, "the store answered with another range than it was asked for")
            }
            return body
        case 200:
            // Without support for ranges the whole blob comes, which is right when it is short enough.
            guard let length = number("content-length"), length == body.readableBytes else {
                throw BlobStoreError(.unavailable, "the store answered with another length than it told")
            }
            guard length <= range.upperBound else {
                throw BlobStoreError(.refused, "the store does not read ranges")
            }
            let skipped = Int(clamping: min(range.lowerBound, length))
            return body.getSlice(at: body.readerIndex + skipped, length: body.readableBytes - skipped)
        case 416:
            return ByteBuffer()
        default:
            return nil
        }
    }

    /// `bytes first-last/size`.
    private static func contentRange(_ text: String) -> (first: UInt64, last: UInt64, size: UInt64)? {
        guard text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(whereSeparator: { $0 == "-" || $0 == "/" })
        guard parts.count == 3, let first = UInt64(parts[0]), let last = UInt64(parts[1]), let size = UInt64(parts[2]),
            first <= last
        else { return nil }
        return (first, last, size)
    }

    /// The value of the `Range` header for a range of at least one byte.
    public static func rangeHeader(_ range: Range<UInt64>) -> String {
        "bytes=\(range.lowerBound)-\(range.upperBound - 1)"
    }
}
