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

            Many devices send names beyond ASCII without saying in which character set they are. --character-set says it \
            for one of them; the setting of the same name says it for all. The objects stay as they are; what was \
            stored before the change is found under the right names after `cassette index rebuild`.
            """,
        subcommands: [Add.self, Remove.self, List.self]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Accept a calling AE title.")

        @OptionGroup var folder: DataFolderOptions
        @Option(
            help:
                "The character set of its text where a Data Set names none, for example 'ISO_IR 100'; 'none' forgets it.",
            transform: CharacterSetChoice.parse
        )
        var characterSet: CharacterSetChoice?
        @Option(
            help:
                "When its objects are acknowledged: 'local' once they are durable here, 'remote' once the store of the setting copy-new has them, too."
        )
        var ack: Acknowledgement?
        @Argument(help: "The AE title: 1 to 16 characters, as the peer sends it.", transform: aeTitle)
        var title: AETitle

        func run() async throws {
            let known = KnownApplicationEntities(folder.folder, disk: PosixDisk())
            try PosixDisk().makeDirectory(folder.folder.path)
            var entries = try known.entries()
            let old = entries.first { $0.title == title }
            let text = if let characterSet { characterSet.text } else { old?.characterSet }
            var new = KnownApplicationEntities.Entry(title: title, characterSet: text)
            new.acknowledgement = ack ?? old?.acknowledgement
            guard old != new else { return Console.say("\(title) is accepted already") }
            entries.removeAll { $0.title == title }
            entries.append(new)
            try known.replace(entries.sorted { $0.title < $1.title })
            let reading = text.map { ", its text without character set is read as \($0)" } ?? ""
            let waiting =
                new.acknowledgement.map { ", its objects are acknowledged once they are durable \($0.place)" } ?? ""
            Console.say("\(title) is accepted from its next association on" + reading + waiting)
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Accept a calling AE title no more.")

        @OptionGroup var folder: DataFolderOptions
        @Argument(help: "The AE title.", transform: aeTitle)
        var title: AETitle

        func run() async throws {
            let known = KnownApplicationEntities(folder.folder, disk: PosixDisk())
            let entries = try known.entries()
            guard entries.contains(where: { $0.title == title }) else {
                throw CommandFailure("\(title) is not in the list: see `cassette ae list`")
            }
            try known.replace(entries.filter { $0.title != title })
            Console.say("\(title) is rejected from its next association on")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the accepted calling AE titles.")

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let entries = try KnownApplicationEntities(folder.folder, disk: PosixDisk()).entries()
            if json {
                Console.say(JSONText.array(entries.map { Self.json($0) }))
            } else if entries.isEmpty {
                Console.say("No AE title is listed: only loopback may associate. Add one with `cassette ae add TITLE`.")
            } else {
                for entry in entries {
                    let parts = [entry.characterSet, entry.acknowledgement.map { "ack " + $0.rawValue }].compactMap {
                        $0
                    }
                    Console.say(([entry.title.string] + parts).joined(separator: "  "))
                }
            }
        }

        private static func json(_ entry: KnownApplicationEntities.Entry) -> String {
            JSONText.object(
                [("title", JSONText.string(entry.title.string))]
                    + (entry.characterSet.map { [("characterSet", JSONText.string($0))] } ?? [])
                    + (entry.acknowledgement.map { [("ack", JSONText.string($0.rawValue))] } ?? [])
            )
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
