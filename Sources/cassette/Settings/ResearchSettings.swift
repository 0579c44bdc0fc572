import DICOMCore
import Deidentification
import NIOCore
import PackStorage
import Platform

/// What a site knows that the archive cannot: names that are taken out of texts, and what its devices burn into pixels.
struct ResearchSettings: Sendable {
    static let keys: [(key: String, meaning: String)] = [
        ("deidentify-names", "a file of names that exports and views take out of texts, one a line"),
        ("deidentify-pixel-rules", "a file of rules for pixels, as `cassette deidentify --pixel-rules` takes it"),
    ]

    private static let lengthLimit = 16 << 20

    var names = NameList.empty
    var rules = PixelRules.standard
    /// The files that were read, by key: their SHA-256, which reports tell.
    var digests: [String: String] = [:]
    private var paths: [(String, String)] = []

    /// No files.
    init() {}

    /// Reads the files.
    init(_ source: SettingSource) throws(ConfigurationProblem) {
        if let text = try read("deidentify-names", source) { names = NameList(lines: text) }
        guard let text = try read("deidentify-pixel-rules", source) else { return }
        do throws(CommandFailure) {
            rules = try PixelRuleFile.rules(yaml: text, path: source["deidentify-pixel-rules"]?.text ?? "")
        } catch {
            throw ConfigurationProblem(line: source["deidentify-pixel-rules"]?.line, "\(error)")
        }
    }

    private mutating func read(_ key: String, _ source: SettingSource) throws(ConfigurationProblem) -> String? {
        guard let setting = source[key] else { return nil }
        do {
            var input = try InputBytes(setting.text)
            defer { input.close() }
            var bytes = ByteBuffer()
            while let piece = try input.next() {
                bytes.writeImmutableBuffer(piece)
                guard bytes.readableBytes <= Self.lengthLimit else {
                    throw CommandFailure("\(setting.text) is longer than 16 MiB")
                }
            }
            var digest = BlobDigest()
            digest.update(bytes)
            digests[key] = Hex.encode(digest.value)
            paths.append((key, setting.text))
            return String(buffer: bytes)
        } catch {
            throw ConfigurationProblem(line: setting.line, "'\(key)': \(error)")
        }
    }

    /// The settings in force, as they may be typed.
    var members: [(String, String)] { paths }
}
