import BlobStoreHTTP
import NIOHTTP1
import PackStorage
import Platform

/// What the answer to `HEAD` tells about an object.
struct S3ObjectHead {
    /// Where we keep the digest of an object that was uploaded in parts, whose checksum is one of checksums.
    static let digestHeader = "x-amz-meta-cassette-sha256"
    private static let frozenClasses: Set = ["GLACIER", "DEEP_ARCHIVE"]

    let size: UInt64
    /// As the store keeps it, whether or not it ever looked at the bytes.
    let sha256: [UInt8]?
    let availability: BlobAvailability
    /// As the server writes it, in quotes; empty when there is none.
    let tag: String

    /// - Throws: `.unavailable` when the length is missing.
    init(_ response: StoreResponse) throws(BlobStoreError) {
        guard let size = response.number("content-length") else {
            throw BlobStoreError(.unavailable, "the store does not tell the length of an object")
        }
        self.size = size
        sha256 = Self.digest(response)
        availability = Self.availability(response)
        tag = response.headers.first(name: "etag") ?? ""
    }

    private static func digest(_ response: StoreResponse) -> [UInt8]? {
        guard let checksum = response.headers.first(name: "x-amz-checksum-sha256") else { return nil }
        if let whole = response.headers.first(name: digestHeader) {
            // The checksums of all parts were verified, and the whole was hashed while they were sent.
            let digest = Hex.decode(whole)
            return digest?.count == 32 ? digest : nil
        }
        let digest = Base64.decode(checksum)
        return digest?.count == 32 ? digest : nil
    }

    private static func availability(_ response: StoreResponse) -> BlobAvailability {
        if let restore = response.headers.first(name: "x-amz-restore") {
            if restore.contains("ongoing-request=\"true\"") { return .thawing }
            if restore.contains("ongoing-request=\"false\"") { return .thawed(until: expiry(restore)) }
        }
        let isFrozen =
            response.headers.first(name: "x-amz-storage-class").map { frozenClasses.contains($0) } ?? false
            || response.headers.contains(name: "x-amz-archive-status")
        return isFrozen ? .frozen : .online
    }

    /// `expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"`.
    private static func expiry(_ restore: String) -> Timestamp? {
        guard let start = restore.firstRange(of: "expiry-date=\"") else { return nil }
        return HTTPDate.timestamp(restore[start.upperBound...].prefix { $0 != "\"" })
    }
}
