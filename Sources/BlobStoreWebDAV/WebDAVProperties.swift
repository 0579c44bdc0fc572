import BlobStoreHTTP
import NIOCore
import PackStorage

/// What a server tells about one resource (RFC 4918 9.1).
struct WebDAVProperties: Hashable {
    /// The document that asks for what is read here.
    static let question = ByteBuffer(
        string: "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
            + "<propfind xmlns=\"DAV:\"><prop><resourcetype/><getcontentlength/></prop></propfind>"
    )

    /// The decoded path on the server, without `/` at its end.
    let path: String
    /// In bytes; 0 of a collection.
    let size: UInt64
    /// Whether it holds others.
    let isCollection: Bool

    /// All resources of a `multistatus` document.
    ///
    /// - Throws: `.unavailable` when the document is not whole.
    static func all(_ document: ByteBuffer) throws(BlobStoreError) -> [WebDAVProperties] {
        var reader = XMLReader(document)
        var resources: [WebDAVProperties] = []
        var isMultistatus = false
        var (path, size, isCollection): (String?, UInt64?, Bool) = (nil, nil, false)
        while let event = try reader.next() {
            let depth = reader.path.count
            switch event {
            case .start("multistatus") where depth == 1: isMultistatus = true
            case .start("collection") where reader.path.dropLast().last == "resourcetype": isCollection = true
            case .end("getcontentlength", let text): size = UInt64(text.filter { !$0.isWhitespace }) ?? size
            case .end("href", let text) where depth == 2: path = Self.path(text)
            case .end("response", _) where depth == 1:
                guard let known = path else {
                    throw BlobStoreError(.unavailable, "the list of the store has an entry without a name")
                }
                if isCollection || size != nil {
                    resources.append(WebDAVProperties(path: known, size: size ?? 0, isCollection: isCollection))
                }
                (path, size, isCollection) = (nil, nil, false)
            default: break
            }
        }
        guard isMultistatus else { throw BlobStoreError(.unavailable, "the list of the store is none") }
        return resources
    }

    /// The path of an address or of its absolute path; `nil` when it is not encoded as it must be.
    private static func path(_ reference: String) -> String? {
        var text = reference.filter { !$0.isWhitespace }[...]
        if let scheme = text.firstRange(of: "://") {
            text = text[scheme.upperBound...].drop { $0 != "/" }
        }
        guard let path = PercentEncoding.decode(text) else { return nil }
        return path.hasSuffix("/") ? String(path.dropLast()) : path
    }
}
