import ArgumentParser
import DICOMCore
import Platform

/// Which DICOM peers may call.
struct ApplicationEntityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ae",
        abstract: "Say which DICOM peers may associate.",
        discussion: """
            While the archive listens on loopback only, any calling AE title is accepted. On any other address only \
            those in this list are. A change takes effect at the next association.
            """,
        subcommands: [Add.self, Remove.self, List.self]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Accept a calling AE title.")

        @OptionGroup var folder: DataFolderOptions
        @Argument(help: "The AE title: 1 to 16 characters, as the peer sends it.", transform: aeTitle)
        var title: AETitle

        func run() async throws {
            let known = KnownApplicationEntities(folder.folder, disk: PosixDisk())
            try PosixDisk().makeDirectory(folder.folder.path)
            let titles = try known.titles()
            guard !titles.contains(title) else { return Console.say("\(title) is accepted already") }
            try known.replace((titles + [title]).sorted())
            Console.say("\(title) is accepted from its next association on")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Accept a calling AE title no more.")

        @OptionGroup var folder: DataFolderOptions
        @Argument(help: "The AE title.", transform: aeTitle)
        var title: AETitle

        func run() async throws {
            let known = KnownApplicationEntities(folder.folder, disk: PosixDisk())
            let titles = try known.titles()
            guard titles.contains(title) else {
                throw CommandFailure("\(title) is not in the list: see `cassette ae list`")
            }
            try known.replace(titles.filter { $0 != title })
            Console.say("\(title) is rejected from its next association on")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the accepted calling AE titles.")

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let titles = try KnownApplicationEntities(folder.folder, disk: PosixDisk()).titles()
            if json {
                Console.say(JSONText.array(titles.map { JSONText.string($0.string) }))
            } else if titles.isEmpty {
                Console.say("No AE title is listed: only loopback may associate. Add one with `cassette ae add TITLE`.")
            } else {
                for title in titles { Console.say(title.string) }
            }
        }
    }
}

/// Reads an AE title from the command line.
@Sendable
func aeTitle(_ text: String) throws -> AETitle {
    guard let title = AETitle(text) else {
        throw ValidationError("'\(text)' is no AE title: 1 to 16 letters, digits and signs, no backslash")
    }
    return title
}
