import ArgumentParser
import Platform
import RootKeys
import Sealing

/// Which root key an archive is under.
///
/// Remembered in the file `provider` beside the root key, so that every command finds it; holds no secret.
struct RootKeySetting: Sendable, Equatable {
    enum Kind: String, Sendable, CaseIterable {
        case file
        case passphrase
        case pkcs11
        case vault
        case awskms
    }

    /// A key file; where, says --key-file.
    static let file = RootKeySetting(kind: .file, values: [:])

    private static let fileName = "provider"

    let kind: Kind
    let values: [String: String]

    private init(kind: Kind, values: [String: String]) {
        self.kind = kind
        self.values = values
    }

    /// Takes the name of a provider and its settings as they were typed.
    init(provider: String, settings: [String]) throws {
        guard let kind = Kind(rawValue: provider) else {
            throw ValidationError(
                "'\(provider)' is no provider: choose \(Kind.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        var values: [String: String] = [:]
        for setting in settings {
            let parts = setting.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { throw ValidationError("'\(setting)' is not like name=value") }
            let name = String(parts[0])
            guard kind.allNames.contains(name) else {
                throw ValidationError(
                    "'\(name)' is no setting of \(provider): there are \(kind.allNames.joined(separator: ", "))"
                )
            }
            values[name] = String(parts[1])
        }
        for name in kind.neededNames where values[name] == nil {
            throw ValidationError("\(provider) needs --key-setting \(name)=…")
        }
        self.init(kind: kind, values: values)
    }

    /// Takes a checked provider and its settings.
    init(_ kind: Kind, values: [String: String]) {
        self.init(kind: kind, values: values)
    }

    /// What is remembered beside the root key; a key file when nothing is.
    static func remembered(besides rootKeyPath: String, disk: any Disk) throws -> RootKeySetting {
        let path = folder(of: rootKeyPath) + "/" + fileName
        guard let text = try SmallFile(path: path, disk: disk).read() else { return file }
        var lines = text.split(whereSeparator: \.isNewline).map { String($0) }
        guard !lines.isEmpty else { return file }
        do {
            return try RootKeySetting(provider: lines.removeFirst(), settings: lines)
        } catch {
            throw CommandFailure("\(path): \(error)")
        }
    }

    /// Writes the setting beside the root key.
    func remember(besides rootKeyPath: String, disk: any Disk) throws {
        let folder = Self.folder(of: rootKeyPath)
        try disk.makeDirectory(folder)
        let lines = [kind.rawValue] + values.sorted { $0.key < $1.key }.map { $0.key + "=" + $0.value }
        try SmallFile(path: folder + "/" + Self.fileName, disk: disk).write(lines.joined(separator: "\n") + "\n")
    }

    /// The root key itself.
    func provider(
        rootKeyPath: String,
        dataDirectory: String,
        host: ArchiveHost,
        pool: WorkPool
    ) throws -> any RootKeyProvider {
        let disk = host.disk
        do throws(RootKeyError) {
            switch kind {
            case .file:
                return FileRootKeyProvider(
                    disk: disk,
                    pool: pool,
                    path: values["path"] ?? rootKeyPath,
                    random: host.random,
                    refusingUnder: dataDirectory
                )
            case .passphrase: return passphraseProvider(rootKeyPath, host, pool)
            case .pkcs11:
                return PKCS11RootKeyProvider(
                    .init(module: self["module"], token: self["token"], key: self["key"], pinFile: self["pin-file"]),
                    disk: disk,
                    pool: pool
                )
            case .vault:
                var configuration = VaultRootKeyProvider.Configuration(
                    address: self["address"],
                    key: self["key"],
                    tokenFile: self["token-file"]
                )
                configuration.mount = values["mount"] ?? configuration.mount
                configuration.namespace = values["namespace"]
                configuration.authorities = values["ca-file"]
                return try VaultRootKeyProvider(configuration, disk: disk, pool: pool)
            case .awskms:
                var configuration = AWSKMSRootKeyProvider.Configuration(
                    keyID: self["key"],
                    region: self["region"],
                    accessKeyFile: self["access-key-file"]
                )
                configuration.endpoint = values["endpoint"]
                configuration.authorities = values["ca-file"]
                return try AWSKMSRootKeyProvider(configuration, disk: disk, pool: pool, clock: host.clock)
            }
        } catch {
            throw CommandFailure("The root key cannot be used: \(error.description)")
        }
    }

    private func passphraseProvider(
        _ rootKeyPath: String,
        _ host: ArchiveHost,
        _ pool: WorkPool
    ) -> PassphraseRootKeyProvider {
        let path = values["salt-file"] ?? Self.folder(of: rootKeyPath) + "/passphrase-salt"
        if let file = values["file"] {
            let source = PassphraseRootKeyProvider.passphrase(inFile: file, disk: host.disk, pool: pool)
            return PassphraseRootKeyProvider(
                path: path,
                disk: host.disk,
                pool: pool,
                random: host.random,
                passphrase: source
            )
        }
        return PassphraseRootKeyProvider(path: path, disk: host.disk, pool: pool, random: host.random) {
            () throws(RootKeyError) in
            if let typed = Environment["KEY_PASSPHRASE"] { return typed }
            guard let typed = PassphrasePrompt.ask("Passphrase of the archive: ") else {
                throw RootKeyError(
                    .missing,
                    "there is no passphrase: set CASSETTE_KEY_PASSPHRASE, name a file (--key-setting file=…), or start at a terminal"
                )
            }
            return typed
        }
    }

    /// A setting that was checked to be there.
    private subscript(name: String) -> String { values[name] ?? "" }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

extension RootKeySetting.Kind {
    /// Settings without which the provider does not work.
    var neededNames: [String] {
        switch self {
        case .file, .passphrase: []
        case .pkcs11: ["module", "token", "key", "pin-file"]
        case .vault: ["address", "key", "token-file"]
        case .awskms: ["key", "region", "access-key-file"]
        }
    }

    /// All settings.
    var allNames: [String] {
        switch self {
        case .file: ["path"]
        case .passphrase: ["file", "salt-file"]
        case .pkcs11: neededNames
        case .vault: neededNames + ["mount", "namespace", "ca-file"]
        case .awskms: neededNames + ["endpoint", "ca-file"]
        }
    }
}

/// Which root key a command is to use or to make.
struct RootKeyOptions: ParsableArguments {
    @Option(
        help: "Where the root key is: file, passphrase, pkcs11, vault or awskms. (default: file, or what is in use)"
    )
    var keyProvider: String?

    @Option(
        help: """
            A setting of that provider as name=value; may be repeated. file: path. passphrase: file, salt-file. pkcs11: \
            module, token, key, pin-file. vault: address, key, token-file, mount, namespace, ca-file. awskms: key, region, \
            access-key-file, endpoint, ca-file.
            """
    )
    var keySetting: [String] = []

    /// What was typed, or said by the environment (CASSETTE_KEY_PROVIDER, CASSETTE_KEY_SETTINGS with blanks between).
    func setting() throws -> RootKeySetting? {
        guard let provider = keyProvider ?? Environment["KEY_PROVIDER"] else {
            guard keySetting.isEmpty else { throw ValidationError("--key-setting goes with --key-provider") }
            return nil
        }
        let named = (Environment["KEY_SETTINGS"] ?? "").split(separator: " ").map { String($0) }
        return try RootKeySetting(provider: provider, settings: keySetting.isEmpty ? named : keySetting)
    }

    /// Remembers what was chosen for an archive that is not there yet; another choice for one that is, is an error.
    ///
    /// - Parameter configured: What the configuration file says; the command line and the environment win over it.
    /// - Returns: The path of the root key, besides which the choice is remembered.
    func remembering(
        _ keyFile: String?,
        _ configured: RootKeySetting?,
        of folder: DataFolder,
        disk: any Disk
    ) throws -> String {
        let rootKeyPath = DataFolderOptions.rootKeyPath(keyFile, folder)
        guard let chosen = try setting() ?? configured else { return rootKeyPath }
        let known = try RootKeySetting.remembered(besides: rootKeyPath, disk: disk)
        guard chosen != known else { return rootKeyPath }
        for keyring in folder.keyrings where try disk.exists(keyring + "/keyring") {
            throw CommandFailure(
                "The archive in \(folder.path) is under another root key (\(known.kind.rawValue)): "
                    + "stop it and change that with `cassette keys rewrap --key-provider \(chosen.kind.rawValue) …`"
            )
        }
        try chosen.remember(besides: rootKeyPath, disk: disk)
        return rootKeyPath
    }
}
