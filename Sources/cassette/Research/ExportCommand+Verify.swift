import ArchiveServices
import ArgumentParser
import NIOPosix
import Platform

extension ExportCommand {
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check an export in a folder: the signature, the manifest, every file.",
            discussion: """
                Needs no archive. Compare the public key with the one that `cassette keys status` shows, or give it with \
                --public-key. Exit code 1 when anything is not as it was exported.
                """
        )

        @Argument(help: "The folder of the export.")
        var folder: String
        @OptionGroup var publicKey: PublicKeyOption
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let expected = try publicKey.bytes
            let path = ExportPlace.absolute(folder)
            guard !path.hasSuffix(".zip") else {
                throw CommandFailure(
                    "\(folder) is a ZIP file: unpack it, as in `unzip -d DIR \(folder)`, and verify DIR"
                )
            }
            let threads = NIOThreadPool(numberOfThreads: 2)
            threads.start()
            let check = ExportCheck(folder: path, disk: PosixDisk(), pool: WorkPool(threads: threads))
            let findings: ExportCheck.Findings
            do {
                findings = try await check.run(publicKey: expected)
            } catch {
                try await threads.shutdownGracefully()
                throw CommandFailure("\(error)")
            }
            try await threads.shutdownGracefully()
            tell(findings, isKeyKnown: expected != nil)
            guard findings.isSound else { throw ExitCode.failure }
        }

        private func tell(_ findings: ExportCheck.Findings, isKeyKnown: Bool) {
            let key = Hex.encode(findings.publicKey)
            guard !json else {
                return Console.say(
                    JSONText.object([
                        ("sound", String(findings.isSound)), ("files", String(findings.files)),
                        ("bytes", String(findings.bytes)), ("project", JSONText.string(findings.project)),
                        ("made", JSONText.string(findings.made)), ("publicKey", JSONText.string(key)),
                        ("problemCount", String(findings.problemCount)),
                        ("problems", JSONText.array(findings.problems.map { JSONText.string($0) })),
                    ])
                )
            }
            for problem in findings.problems { Console.complain(problem) }
            let verdict = findings.isSound ? "as it was exported" : "\(findings.problemCount) problems"
            Console.say("\(findings.files) files, \(findings.bytes) bytes of project \(findings.project): \(verdict)")
            Console.say("made \(findings.made), signed by \(key)")
            if !isKeyKnown { Console.complain("Compare the key with that of the archive, or use --public-key") }
        }
    }
}
