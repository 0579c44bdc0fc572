import ArchiveCatalog
import ArchiveServices
import ArgumentParser
import DICOMCore
import HTTPGateway
import NIOCore
import NIOHTTP1

/// Labels of studies.
struct LabelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label",
        abstract: "Put words on studies, for the rules of tiers.",
        subcommands: [Add.self, Remove.self, List.self],
        defaultSubcommand: List.self
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Put a label on a study.")

        @OptionGroup var folder: DataFolderOptions
        @Argument(help: "The Study Instance UID.", transform: studyUID)
        var study: UID
        @Argument(help: "1 to 64 letters, digits, '-', '_' and '.'; no names of people.", transform: studyLabel)
        var label: StudyLabel

        func run() async throws {
            _ = try await ArchiveAccess.withOpen(folder) { access in
                try await access.ask(.PUT, LabelCommand.path(study, label)) { archive, principal in
                    _ = try await archive.labels.add(label, to: study, as: principal)
                    return ByteBuffer()
                }
            }
            Console.say("The study has the label '\(label.text)'")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a label from a study.")

        @OptionGroup var folder: DataFolderOptions
        @Argument(help: "The Study Instance UID.", transform: studyUID)
        var study: UID
        @Argument(help: "The label.", transform: studyLabel)
        var label: StudyLabel

        func run() async throws {
            _ = try await ArchiveAccess.withOpen(folder) { access in
                try await access.ask(.DELETE, LabelCommand.path(study, label)) { archive, principal in
                    guard try await archive.labels.remove(label, from: study, as: principal) else {
                        throw ArchiveError(.notFound, "The study has no such label")
                    }
                    return ByteBuffer()
                }
            }
            Console.say("The study has the label '\(label.text)' no more")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the labels of one study, or all labelled studies."
        )

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false
        @Argument(help: "The Study Instance UID.", transform: studyUID)
        var study: UID?

        struct Study: Decodable {
            let studyInstanceUID: String
            let labels: [String]
        }

        func run() async throws {
            let studies = try await ArchiveAccess.withOpen(folder) { try await self.studies($0) }
            if json {
                Console.say(
                    JSONText.array(
                        studies.map { study in
                            JSONText.object([
                                ("studyInstanceUID", JSONText.string(study.studyInstanceUID)),
                                ("labels", JSONText.array(study.labels.map(JSONText.string))),
                            ])
                        }
                    )
                )
            } else if studies.allSatisfy({ $0.labels.isEmpty }) {
                Console.say(study == nil ? "No study has a label." : "The study has no label.")
            } else {
                for study in studies {
                    Console.say(study.studyInstanceUID + "  " + study.labels.joined(separator: " "))
                }
            }
        }

        private func studies(_ access: ArchiveAccess) async throws -> [Study] {
            if let study {
                let answer = try await access.ask(.GET, "/api/studies/\(study.string)/labels") { archive, principal in
                    let labels = try await archive.labels.labels(of: study, as: principal)
                    return LifecycleJSON.labelled([LabelledStudy(studyInstanceUID: study, labels: labels)])
                }
                return try answer.decoded([Study].self)
            }
            var all: [Study] = []
            while true {
                let after = all.last.flatMap { UID($0.studyInstanceUID) }
                let path = "/api/labels" + (after.map { "?after=" + $0.string } ?? "")
                let answer = try await access.ask(.GET, path) { archive, principal in
                    LifecycleJSON.labelled(
                        try await archive.labels.labelledStudies(after: after, limit: 1_000, as: principal)
                    )
                }
                let page = try answer.decoded([Study].self)
                guard !page.isEmpty else { return all }
                all += page
            }
        }
    }

    static func path(_ study: UID, _ label: StudyLabel) -> String {
        "/api/studies/\(study.string)/labels/\(label.text)"
    }
}

/// Reads a Study Instance UID from the command line.
@Sendable
func studyUID(_ text: String) throws -> UID {
    guard let uid = UID(text) else { throw ValidationError("'\(text)' is no UID") }
    return uid
}

/// Reads a label from the command line.
@Sendable
func studyLabel(_ text: String) throws -> StudyLabel {
    guard let label = StudyLabel(text) else {
        throw ValidationError("'\(text)' is no label: 1 to 64 letters, digits, '-', '_' and '.'")
    }
    return label
}
