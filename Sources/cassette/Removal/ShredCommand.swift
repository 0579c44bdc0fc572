import ArchiveServices
import ArgumentParser
import DICOMCore
import Foundation

/// A study destroyed with its key.
struct ShredCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shred",
        abstract: "Destroy a study with its key, for ever, and certify it.",
        discussion: """
            The study is hidden, its key removed from the keyring, its packs deleted in all stores. It is complete when the \
            epoch of the key-encryption keys has ended, for older copies of the keyring hold the key until then: the server \
            does that once a day, --epoch does it now. Older backups open with a newer keyring only, afterwards: take a \
            backup. The root key stays, and whoever has it opens older copies of the keyring still, with the keys of what \
            was shredded: --renew-root-key replaces it, and then your copy of the root key is worthless, too. Without --study the command lists what was shredded.
            """
    )

    @OptionGroup var folder: DataFolderOptions
    @Option(help: "Study Instance UID.")
    var study: String?
    @Option(help: "Why; stands in the certificate.")
    var reason = ""
    @Flag(help: "End the epoch of keys now: shreddings are complete then.")
    var epoch = false
    @Flag(help: "Replace the root key, too; copy the new one to where you keep it. Asks for --epoch.")
    var renewRootKey = false
    @Flag(help: "Replace the root key although the archive is in nobody's escrow: I will copy the new one at once.")
    var withoutEscrow = false
    @Option(help: "Write the certificate of the study that is shredded now to this file; asks for --epoch.")
    var certificate: String?
    @Flag(help: "Do it.")
    var yes = false
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if let study, UID(study) == nil { throw ValidationError("'\(study)' is no Study Instance UID") }
        guard !renewRootKey || epoch else { throw ValidationError("--renew-root-key asks for --epoch") }
        guard !withoutEscrow || renewRootKey else {
            throw ValidationError("--without-escrow asks for --renew-root-key")
        }
        guard certificate == nil || (epoch && study != nil) else {
            throw ValidationError(
                "--certificate asks for --study and --epoch: there is none before the epoch has ended"
            )
        }
    }

    func run() async throws {
        guard study != nil || epoch else { return try await list() }
        guard yes else {
            throw CommandFailure("What is shredded is gone for ever: add --yes to do it")
        }
        try await ArchiveAccess.withOpen(folder) { access in
            let removal = RemovalAccess(access)
            var shredded: RemovalAnswer<ShreddingSummary>?
            if let uid = study.flatMap({ UID($0) }) {
                shredded = try await removal.shred(uid, reason: reason)
            }
            guard epoch else {
                guard let shredded else { return }
                return Console.say(json ? shredded.json : shredded.value.line + "; complete after the epoch")
            }
            let complete = try await removal.endEpoch(renewRootKey ? .renew(withoutEscrow: withoutEscrow) : .keep)
            if renewRootKey {
                Console.complain(
                    "THE ROOT KEY IS A NEW ONE: copy \(folder.folder.defaultRootKey) to where you keep it, now. "
                        + "Copies of the old one open neither this archive nor a backup of it from now on."
                )
            }
            if let certificate { try write(complete.value.first { $0.id == shredded?.value.id }, to: certificate) }
            if json { return Console.say(complete.json) }
            for shredding in complete.value { Console.say(shredding.line) }
            Console.say("The epoch of keys has ended. Take a backup: older ones open with this keyring only.")
            guard !renewRootKey else { return }
            Console.say(
                "The root key was kept: with it, older copies of the keyring still hold the keys of what was shredded. "
                    + "`cassette keys shred --epoch --renew-root-key` ends that."
            )
        }
    }

    private func list() async throws {
        let all = try await ArchiveAccess.withOpen(folder) { try await RemovalAccess($0).shreddings() }
        if json { return Console.say(all.json) }
        guard !all.value.isEmpty else { return Console.say("Nothing was shredded: name a study with --study.") }
        for shredding in all.value { Console.say(shredding.line) }
    }

    private func write(_ shredding: ShreddingSummary?, to path: String) throws {
        guard let shredding, shredding.isComplete else {
            throw CommandFailure("The shredding is not complete yet: see `cassette keys shred`")
        }
        do {
            try Data(shredding.certificate.utf8).write(to: URL(fileURLWithPath: path))
        } catch {
            throw CommandFailure("The certificate cannot be written to \(path): it stays in the archive")
        }
    }
}
