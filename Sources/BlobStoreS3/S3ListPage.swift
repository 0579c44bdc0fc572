import BlobStoreHTTP
import NIOCore
import PackStorage

/// One answer to `ListObjectsV2`.
struct S3ListPage {
    /// Objects whose names are no keys are left out.
    private(set) var entries: [BlobEntry] = []
    /// `nil` at the end of the list.
    private(set) var continuation: String?

    /// - Throws: `.unavailable` when the document is not whole.
    init(_ document: ByteBuffer, prefix: String) throws(BlobStoreError) {
        var reader = XMLReader(document)
        var isList = false
        var isTruncated = false
        var (name, size): (String?, UInt64?) = (nil, nil)
        while let event = try reader.next() {
            let path = reader.path
            switch event {
            case .start("ListBucketResult") where path.count == 1: isList = true
            case .end("IsTruncated", let text) where path.count == 1: isTruncated = text == "true"
            case .end("NextContinuationToken", let text) where path.count == 1: continuation = text
            case .end("Key", let text) where path == ["ListBucketResult", "Contents"]: name = text
            case .end("Size", let text) where path == ["ListBucketResult", "Contents"]: size = UInt64(text)
            case .end("Contents", _) where path.count == 1:
                guard let object = name, let length = size else {
                    throw BlobStoreError(.unavailable, "the list of the store has an entry without name or size")
                }
                if object.hasPrefix(prefix), let key = BlobKey(String(object.dropFirst(prefix.count))) {
                    entries.append(BlobEntry(key: key, size: length))
                }
                (name, size) = (nil, nil)
            default: break
            }
        }
        guard isList, !isTruncated || continuation != nil else {
            throw BlobStoreError(.unavailable, "the list of the store is none")
        }
        if !isTruncated { continuation = nil }
        entries.sort { $0.key < $1.key }
    }
}
