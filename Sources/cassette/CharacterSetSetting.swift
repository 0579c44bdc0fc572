import ArchiveServices
import ArgumentParser
import DICOMCore
import Logging
import Platform
import Synchronization

/// What people say about the character set of Data Sets that name none, or one that cannot be true.
struct CharacterSetSetting: Sendable, Hashable {
    static let key = "character-set"
    /// What a value must be.
    static let wanted =
        "one of \(SpecificCharacterSet.definedTerms.joined(separator: ", ")), or several with backslashes between them"

    /// The terms as the standard spells them, with backslashes between them.
    let text: String
    let characterSet: SpecificCharacterSet

    /// Reads terms; `nil` for what the standard does not define.
    init?(_ text: String) {
        guard let characterSet = SpecificCharacterSet(setting: text) else { return nil }
        self.characterSet = characterSet
        self.text = text.split(separator: "\\", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : SpecificCharacterSet.definedTerm(of: String($0)) ?? "" }.joined(separator: "\\")
    }

    /// Reads what was typed.
    @Sendable
    static func parse(_ text: String) throws -> CharacterSetSetting {
        guard let setting = CharacterSetSetting(text) else {
            throw ValidationError("'\(text)' is no character set: it must be \(wanted)")
        }
        return setting
    }

    /// The setting of a command without a configuration file.
    static func fromEnvironment() throws -> CharacterSetSetting? {
        let source = SettingSource(typed: [:], file: ConfigurationFile(), usesEnvironment: true)
        do throws(ConfigurationProblem) {
            return try source.characterSet()
        } catch {
            throw CommandFailure("\(error)")
        }
    }
}

/// What is chosen for one source: a character set, or none any more.
enum CharacterSetChoice: Sendable {
    case forgotten
    case chosen(CharacterSetSetting)

    /// Its terms.
    var text: String? {
        switch self {
        case .forgotten: nil
        case .chosen(let setting): setting.text
        }
    }

    /// Reads what was typed.
    @Sendable
    static func parse(_ text: String) throws -> CharacterSetChoice {
        text == "none" ? .forgotten : .chosen(try CharacterSetSetting.parse(text))
    }
}

extension SettingSource {
    /// The character set of sources that have none of their own; `nil` when it is not set.
    func characterSet() throws(ConfigurationProblem) -> CharacterSetSetting? {
        try value(CharacterSetSetting.key, or: nil, CharacterSetSetting.wanted) { text in
            CharacterSetSetting(text).map { .some($0) }
        }
    }
}

/// The choice of a character set on the command line, for commands that read headers into the index.
struct CharacterSetOptions: ParsableArguments {
    @Option(
        help: """
            The character set of text whose Data Set names none, for example 'ISO_IR 100'. \
            (environment: CASSETTE_CHARACTER_SET)
            """,
        transform: CharacterSetSetting.parse
    )
    var characterSet: CharacterSetSetting?

    /// What was typed, else what the environment says.
    func setting() throws -> CharacterSetSetting? {
        try characterSet ?? CharacterSetSetting.fromEnvironment()
    }
}

/// Finds what is assumed of a source: what the list of AE titles says, else the setting.
///
/// The list is read again when it was read a second ago: headers are asked for by the thousand.
final class CharacterSetsBySource: Sendable {
    private static let lifetime: Duration = .seconds(1)

    private let known: KnownApplicationEntities
    private let standard: SpecificCharacterSet?
    private let logger: Logger
    private let read = Mutex((until: ContinuousClock.now, sets: [String: SpecificCharacterSet]()))

    init(_ folder: DataFolder, disk: any Disk, standard: CharacterSetSetting?, logger: Logger) {
        known = KnownApplicationEntities(folder, disk: disk)
        self.standard = standard?.characterSet
        self.logger = logger
        if let sets = currentSets() { read.withLock { $0.sets = sets } }
    }

    /// The answers as the archive wants them.
    var assumed: AssumedCharacterSets {
        AssumedCharacterSets { self.characterSet(ofSource: $0) }
    }

    private func characterSet(ofSource source: String) -> SpecificCharacterSet? {
        let now = ContinuousClock.now
        // Whoever comes when the list is due reads it; the others go on with what is known, and none waits for a disk.
        let (known, isDue) = read.withLock { read in
            let isDue = read.until <= now
            if isDue { read.until = now.advanced(by: Self.lifetime) }
            return (read.sets, isDue)
        }
        guard isDue, let sets = currentSets() else { return known[source] ?? standard }
        read.withLock { $0.sets = sets }
        return sets[source] ?? standard
    }

    private func currentSets() -> [String: SpecificCharacterSet]? {
        do {
            let pairs = try known.entries().compactMap { entry in
                entry.characterSet.flatMap { CharacterSetSetting($0) }.map { (entry.title.string, $0.characterSet) }
            }
            return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
        } catch {
            logger.error("the list of AE titles cannot be read; its character sets stay as they were")
            return nil
        }
    }
}
