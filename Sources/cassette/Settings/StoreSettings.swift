import ArchiveServices
import DICOMCore
import PackStorage

/// A store of packs as the configuration file describes it; holds no secret, only where secrets are.
struct StoreSettings: Sendable {
    /// What kind of store it is, and where.
    enum Place: Sendable {
        case folder(path: String)
        case s3(S3StoreSettings)
        case webDAV(WebDAVStoreSettings)
    }

    let place: Place
    let description: StoreDescription
    /// Bytes a second, in and out; `nil`: as many as there are.
    let bandwidth: UInt64?
    /// How long a thawed pack stays readable.
    let thawDays: Int

    var name: StoreName { description.name }

    private static let commonKeys = [
        "kind", "availability", "price-per-gb-month", "price-per-1000-requests", "bandwidth", "thaw-days",
    ]

    init(_ item: ConfigurationItem) throws(ConfigurationProblem) {
        let reader = ItemReader(item: item)
        guard let name = StoreName(item.name ?? ""), name != .hot else {
            throw ConfigurationProblem(
                line: item.line,
                item.name == StoreName.hot.text
                    ? "'hot' is the data folder itself: give the store another name"
                    : "'\(item.name ?? "")' is no name of a store: at most 32 small letters, digits and '-'"
            )
        }
        let kind = try reader.required("kind", "folder, s3 or webdav") {
            ["folder", "s3", "webdav"].contains($0) ? $0 : nil
        }
        var mayFreeze = false
        switch kind {
        case "folder":
            try reader.check(Self.commonKeys + ["path"])
            let path = try reader.required("path", "the folder, an absolute path") { $0.hasPrefix("/") ? $0 : nil }
            place = .folder(path: path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path)
        case "s3":
            try reader.check(Self.commonKeys + S3StoreSettings.keys)
            let settings = try S3StoreSettings(reader)
            mayFreeze = settings.mayFreeze
            place = .s3(settings)
        default:
            try reader.check(Self.commonKeys + WebDAVStoreSettings.keys)
            place = .webDAV(try WebDAVStoreSettings(reader))
        }
        bandwidth = try reader.value("bandwidth", "bytes a second like 50MiB") { text in
            LimitUnit.bytes.number(text).flatMap { $0 > 0 ? $0 : nil }
        }
        thawDays =
            try reader.value("thaw-days", "a number of days from 1 to 365") { text in
                Int(text).flatMap { (1...365).contains($0) ? $0 : nil }
            } ?? 7
        let availability = try reader.value("availability", "online, nearline or offline") {
            InstanceAvailability(rawValue: $0.uppercased())
        }
        let location =
            switch place {
            case .folder(let path): path
            case .s3(let settings):
                "\(settings.endpoint ?? "AWS \(settings.region)")/\(settings.bucket)/\(settings.prefix)"
            case .webDAV(let settings): settings.url
            }
        description = StoreDescription(
            name: name,
            kind: kind,
            availability: availability ?? (mayFreeze ? .nearline : .online),
            mayFreeze: mayFreeze,
            price: StorePrice(
                gigabyteMonth: try reader.value("price-per-gb-month", SettingTexts.price, SettingTexts.price) ?? 0,
                thousandRequests: try reader.value("price-per-1000-requests", SettingTexts.price, SettingTexts.price)
                    ?? 0
            ),
            location: location
        )
    }
}

/// A bucket of a server that speaks S3.
struct S3StoreSettings: Sendable {
    static let keys = [
        "endpoint", "bucket", "prefix", "region", "access-key-file", "path-style", "storage-class", "sse",
        "sse-key-id", "thaw-tier",
    ]
    /// The classes whose objects must be thawed before they can be read.
    private static let frozenClasses = ["GLACIER", "DEEP_ARCHIVE"]

    let endpoint: String?
    let bucket: String
    let prefix: String
    let region: String
    /// The file with the access key id, the secret, and perhaps a session token, a line each.
    let accessKeyFile: String?
    let usesPathStyle: Bool?
    let storageClass: String?
    let encryption: String?
    let encryptionKeyID: String?
    let thawTier: String?

    var mayFreeze: Bool { storageClass.map { Self.frozenClasses.contains($0) } ?? false }

    init(_ reader: ItemReader) throws(ConfigurationProblem) {
        endpoint = try reader.value("endpoint", "an address like https://s3.example.org") { text in
            text.hasPrefix("http://") || text.hasPrefix("https://") ? text : nil
        }
        bucket = try reader.required("bucket", "the name of the bucket") { text in
            (3...255).contains(text.utf8.count) && !text.contains("/") ? text : nil
        }
        prefix =
            try reader.value("prefix", "what all keys begin with, like cassette/") { text in
                text.hasPrefix("/") || text.contains("//")
                    ? nil : text.isEmpty || text.hasSuffix("/") ? text : text + "/"
            } ?? ""
        region = try reader.text("region") ?? "us-east-1"
        accessKeyFile = try reader.value("access-key-file", "the file of the access key, an absolute path") {
            $0.hasPrefix("/") ? $0 : nil
        }
        usesPathStyle = try reader.value("path-style", SettingTexts.switchText, SettingTexts.switchValue)
        storageClass = try reader.value("storage-class", "a class like STANDARD_IA, GLACIER or DEEP_ARCHIVE") { text in
            !text.isEmpty && text.utf8.allSatisfy { (65...90).contains($0) || (48...57).contains($0) || $0 == 95 }
                ? text : nil
        }
        encryption = try reader.value("sse", "AES256 or aws:kms") { ["AES256", "aws:kms"].contains($0) ? $0 : nil }
        encryptionKeyID = try reader.text("sse-key-id")
        if encryptionKeyID != nil, encryption != "aws:kms" {
            throw ConfigurationProblem(line: reader.line("sse-key-id"), "'sse-key-id' needs 'sse: aws:kms' beside it")
        }
        thawTier = try reader.value("thaw-tier", "Standard, Bulk or Expedited") {
            ["Standard", "Bulk", "Expedited"].contains($0) ? $0 : nil
        }
    }
}

/// A folder of a WebDAV server.
struct WebDAVStoreSettings: Sendable {
    static let keys = ["url", "user", "password-file"]

    let url: String
    let user: String?
    /// The file whose first line is the password.
    let passwordFile: String?

    init(_ reader: ItemReader) throws(ConfigurationProblem) {
        url = try reader.required("url", "an address like https://nas.example.org/dav/cassette") { text in
            guard text.hasPrefix("http://") || text.hasPrefix("https://") else { return nil }
            // A secret in the address would stand in logs.
            return text.contains("@") ? nil : text
        }
        user = try reader.text("user")
        passwordFile = try reader.value("password-file", "the file of the password, an absolute path") {
            $0.hasPrefix("/") ? $0 : nil
        }
        if passwordFile != nil, user == nil {
            throw ConfigurationProblem(line: reader.line("password-file"), "'password-file' needs 'user' beside it")
        }
    }
}
