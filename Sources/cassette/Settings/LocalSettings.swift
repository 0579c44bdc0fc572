/// What the file and the environment say to a command that opens the archive itself.
struct LocalSettings: Sendable {
    let limits: ArchiveLimits
    let storage: StorageSettings
    let characterSet: CharacterSetSetting?

    init(_ options: DataFolderOptions) throws {
        do throws(ConfigurationProblem) {
            let source = SettingSource(typed: [:], file: try options.configuration(), usesEnvironment: true)
            limits = try ArchiveLimits(source)
            storage = try StorageSettings(source)
            characterSet = try source.characterSet()
        } catch {
            throw CommandFailure((options.configPath.map { "\($0): " } ?? "") + "\(error)")
        }
    }
}
