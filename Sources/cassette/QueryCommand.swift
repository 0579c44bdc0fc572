import AccessControl
import ArchiveCatalog
import ArchiveServices
import ArgumentParser
import DICOMCore

/// Questions to the archive from the command line.
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Find studies, series or instances.",
        discussion: """
            Keys are keywords or tags: `cassette query 'PatientName=DOE*' StudyDate=20260101-20261231`. \
            `*` and `?` are wild cards, dates and times take ranges, UIDs lists with commas.
            """
    )

    enum Level: String, ExpressibleByArgument, CaseIterable {
        case studies
        case series
        case instances
    }

    @OptionGroup var folder: DataFolderOptions
    @Option(help: "What to find.")
    var level = Level.studies
    @Option(help: "How many answers at most.")
    var limit = 100
    @Flag(help: "Print DICOM JSON.")
    var json = false
    @Argument(help: "Keys with the values to match.")
    var keys: [String] = []

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit wants a number above 0") }
        _ = try keys.map(QueryKey.init)
    }

    func run() async throws {
        let keys = try keys.map(QueryKey.init)
        let answers = try await ArchiveAccess.withOpen(folder) { access in
            switch access {
            case .local(let archive, _):
                return try await find(keys, in: archive.archive)
            case .remote(let archive):
                let parameters = keys.map(\.parameter) + ["limit=\(limit)"]
                return try await archive.search(level.rawValue + "?" + parameters.joined(separator: "&"))
            }
        }
        if json {
            Console.say(AnswerTable.json(answers))
        } else if answers.isEmpty {
            Console.say("Nothing matches.")
        } else {
            AnswerTable(level: level).lines(answers).forEach(Console.say)
        }
    }

    private func find(_ keys: [QueryKey], in archive: Archive) async throws -> [DataSet] {
        var query = ArchiveQuery(level: level.queryLevel, limit: limit)
        query.attributes = Set(AnswerTable(level: level).columns.map(\.tag) + keys.map(\.tag))
        let parser = try ArchiveLimits.fromEnvironment().matching
        for key in keys {
            guard let subject = MatchingCondition.Subject(tag: key.tag) else {
                throw CommandFailure("The archive keeps no column for \(key.name) and cannot match it")
            }
            if let condition = try parser.condition(on: subject, values: key.values) {
                query.conditions.append(condition)
            }
        }
        return try await archive.query.find(query, as: Principal(.administrator))
    }
}

extension QueryCommand.Level {
    var queryLevel: QueryLevel {
        switch self {
        case .studies: .study
        case .series: .series
        case .instances: .instance
        }
    }
}

/// One `Key=Value` of the command line.
struct QueryKey {
    let name: String
    let tag: Tag
    let value: String

    init(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            throw ValidationError("'\(text)' is no key with a value: write Keyword=Value, for example PatientID=1234")
        }
        let attribute = try AttributeArgument.name(parts[0], preferring: CatalogAttribute.all.map(\.tag))
        guard let tag = attribute.tag else {
            throw ValidationError("The archive keeps no column for the private attribute \(attribute)")
        }
        name = parts[0]
        self.tag = tag
        value = parts[1]
    }

    /// The values: UIDs may come as a list.
    var values: [String] {
        let separator: Character = DataElementDictionary.vr(of: tag) == .ui ? "," : "\\"
        return value.split(separator: separator).map(String.init)
    }

    /// The key as a parameter of a URL, everything but letters and digits escaped.
    var parameter: String {
        var escaped = ""
        for byte in value.utf8 {
            let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            let digits = String(byte, radix: 16, uppercase: true)
            escaped += isPlain ? String(UnicodeScalar(byte)) : "%" + (digits.count == 1 ? "0" : "") + digits
        }
        return tag.hexadecimal + "=" + escaped
    }
}
