import DICOMCore
import Logging

/// What the server is to do: command line over environment over file over defaults, checked.
struct ServerSettings: Sendable {
    let data: String
    let keyFile: String?
    let aet: AETitle
    let dicomPort: Int
    let httpPort: Int
    let bind: String
    let publicURL: String?
    let freeSpaceFloor: UInt64?
    let logLevel: Logger.Level
    let characterSet: CharacterSetSetting?
    let limits: ArchiveLimits
    let storage: StorageSettings
    /// The provider of the root key that the file names; `nil` for whatever is in use.
    let rootKey: RootKeySetting?
    let opensAccess: Bool

    /// Whether only this machine can reach the archive.
    var isOnLoopback: Bool { ["127.0.0.1", "::1", "localhost"].contains(bind) }

    /// Where this machine itself reaches the archive, as a URL names it.
    var localHost: String {
        switch bind {
        case "0.0.0.0": "127.0.0.1"
        case "::": "[::1]"
        default: bind.contains(":") ? "[\(bind)]" : bind
        }
    }

    /// Takes what was typed, then what the environment says, then the file.
    ///
    /// - Parameters:
    ///   - typed: Values of the command line by key.
    ///   - usesEnvironment: Whether variables of the environment count.
    init(
        typed: [String: String],
        file: ConfigurationFile,
        opensAccess: Bool,
        usesEnvironment: Bool = true
    ) throws(ConfigurationProblem) {
        let source = SettingSource(typed: typed, file: file, usesEnvironment: usesEnvironment)
        data = source["data"]?.text ?? "data"
        keyFile = source["key-file"]?.text
        aet = try source.value("aet", or: AETitle(literal: "CASSETTE"), "1 to 16 letters, digits and signs") {
            AETitle($0)
        }
        dicomPort = try source.value("dicom-port", or: 11_112, "a number from 0 to 65535", Self.port)
        httpPort = try source.value("http-port", or: 8_080, "a number from 0 to 65535", Self.port)
        bind = source["bind"]?.text ?? "127.0.0.1"
        publicURL = try source.value("public-url", or: nil, "like https://archive.example.org") { text in
            text.hasPrefix("http://") || text.hasPrefix("https://") ? .some(.some(Self.withoutSlash(text))) : nil
        }
        freeSpaceFloor = try source.value("free-space-floor", or: nil, "a number of bytes, also like 500MiB or 10GiB") {
            text in LimitUnit.bytes.number(text).map { .some($0) }
        }
        logLevel = try source.value("log-level", or: .info, "debug, info, notice, warning or error") {
            Logger.Level(rawValue: $0)
        }
        characterSet = try source.characterSet()
        limits = try ArchiveLimits(source)
        storage = try StorageSettings(source)
        rootKey = try file.rootKey()
        self.opensAccess = opensAccess
        guard !opensAccess || isOnLoopback else {
            throw ConfigurationProblem(
                line: nil,
                "--open lets anyone in and works on loopback only: leave out 'bind', or --open"
            )
        }
    }

    private static func port(_ text: String) -> Int? {
        Int(text).flatMap { (0...65_535).contains($0) ? $0 : nil }
    }

    private static func withoutSlash(_ text: String) -> String {
        text.hasSuffix("/") ? String(text.dropLast()) : text
    }
}
