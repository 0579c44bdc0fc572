public import BlobStoreHTTP

/// Which bucket, and how to speak to its server.
public struct S3Configuration: Sendable {
    /// How the store seals what it keeps, beside our own seal.
    public enum Encryption: Sendable, Hashable {
        /// With keys of the store (`AES256`).
        case aes256
        /// With a key of the key service (`aws:kms`); the default key of the account when `nil`.
        case kms(keyID: String?)
    }

    /// How fast a frozen object is thawed, and at what price.
    public enum ThawTier: String, Sendable {
        /// Hours.
        case standard = "Standard"
        /// Up to days, the cheapest.
        case bulk = "Bulk"
        /// Minutes, the dearest.
        case expedited = "Expedited"
    }

    /// The server; that of AWS in the region when `nil`.
    public var endpoint: StoreEndpoint?
    /// The bucket.
    public var bucket: String
    /// What all keys begin with, for example `cassette/`.
    public var prefix = ""
    /// The region that is signed for.
    public var region = "us-east-1"
    /// Whether the bucket is the first component of the path, not of the host name.
    public var usesPathStyle = false
    /// The storage class of new objects; that of the bucket when `nil`.
    public var storageClass: String?
    /// How the store seals new objects.
    public var encryption: Encryption?
    /// How fast frozen objects are thawed.
    public var thawTier = ThawTier.standard
    /// Longer blobs go in parts.
    public var partsAbove: UInt64 = 64 * 1_024 * 1_024
    /// The length of a part; longer when there would be more than 10,000.
    public var partLength: UInt64 = 64 * 1_024 * 1_024
    /// What the server is known to do; found out before the first `put` when `nil`.
    public var capabilities: S3Capabilities?
    /// How long the server may take.
    public var timeouts = StoreTimeouts()

    /// A bucket at AWS, or at another server, where the path style is usual.
    public init(endpoint: StoreEndpoint? = nil, bucket: String) {
        self.endpoint = endpoint
        self.bucket = bucket
        usesPathStyle = endpoint != nil
    }

    /// Scheme and host, with the bucket when it belongs there.
    var server: (scheme: String, host: String) {
        let scheme = endpoint?.scheme ?? "https"
        let host = endpoint?.authority ?? "s3." + region + ".amazonaws.com"
        return (scheme, usesPathStyle ? host : bucket + "." + host)
    }

    /// The encoded path of the bucket, with `/` at its end.
    var bucketPath: String {
        (endpoint?.path ?? "/") + (usesPathStyle ? PercentEncoding.path(bucket) + "/" : "")
    }

    /// AWS does what its documentation says.
    var knownCapabilities: S3Capabilities? {
        if let capabilities { return capabilities }
        let isAWS = endpoint.map { $0.authority.hasSuffix(".amazonaws.com") } ?? true
        return isAWS ? S3Capabilities(refusesToReplace: true, verifiesDigests: true) : nil
    }

    /// The headers of a new object.
    var objectHeaders: [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        if let storageClass { headers.append(("x-amz-storage-class", storageClass)) }
        switch encryption {
        case .aes256:
            headers.append(("x-amz-server-side-encryption", "AES256"))
        case .kms(let keyID):
            headers.append(("x-amz-server-side-encryption", "aws:kms"))
            if let keyID { headers.append(("x-amz-server-side-encryption-aws-kms-key-id", keyID)) }
        case nil: break
        }
        return headers
    }
}

/// What a server does of what the protocol says; many do less.
public struct S3Capabilities: Sendable, Hashable {
    /// Whether it honours `If-None-Match: *`.
    public var refusesToReplace: Bool
    /// Whether it refuses bytes that do not have the SHA-256 that is sent with them.
    public var verifiesDigests: Bool

    /// Makes capabilities.
    public init(refusesToReplace: Bool, verifiesDigests: Bool) {
        self.refusesToReplace = refusesToReplace
        self.verifiesDigests = verifiesDigests
    }
}
