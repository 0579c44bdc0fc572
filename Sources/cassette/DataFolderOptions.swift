import ArgumentParser
import Foundation
import Glibc

/// Where the archive is; shared by all commands that need it.
struct DataFolderOptions: ParsableArguments {
    @Option(help: "The folder of the archive. (environment: CASSETTE_DATA; default: data)")
    var data: String?

    @Option(help: "The file of the root key. (environment: CASSETTE_KEY_FILE; default: DATA.keys/root.key)")
    var keyFile: String?

    @Option(help: "A YAML file with settings; see `cassette config check`. (environment: CASSETTE_CONFIG)")
    var config: String?

    /// The file with settings that was named.
    var configPath: String? { config ?? Environment["CONFIG"] }

    /// What that file says; nothing when none was named.
    func configuration() throws(ConfigurationProblem) -> ConfigurationFile {
        guard let configPath else { return ConfigurationFile() }
        return try ConfigurationFile.read(configPath)
    }

    var folder: DataFolder {
        DataFolder(data ?? Environment["DATA"] ?? "data", workingDirectory: Environment.workingDirectory)
    }

    var rootKeyPath: String {
        Self.rootKeyPath(keyFile ?? Environment["KEY_FILE"], folder)
    }

    /// The path of the root key: the one that was chosen, else the one beside the folder.
    static func rootKeyPath(_ chosen: String?, _ folder: DataFolder) -> String {
        guard let typed = chosen else { return folder.defaultRootKey }
        return typed.hasPrefix("/") ? typed : Environment.workingDirectory + "/" + typed
    }
}

/// What the environment of the process says.
enum Environment {
    /// The value of `CASSETTE_` and the name; `nil` when unset or empty.
    static subscript(name: String) -> String? {
        // getenv returns a string of the environment, which nothing here changes, or NULL.
        guard let value = unsafe getenv("CASSETTE_" + name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }

    /// The names of all variables.
    static var names: [String] { Array(ProcessInfo.processInfo.environment.keys) }

    static var workingDirectory: String {
        // getcwd allocates the string when given NULL; it is freed below.
        guard let path = unsafe getcwd(nil, 0) else { return "/" }
        let text = unsafe String(cString: path)
        unsafe free(path)
        return text
    }
}
