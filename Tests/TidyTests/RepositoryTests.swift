import Foundation
import Testing

@Suite struct `The repository is tidy` {
    private static let sources = Repository.swiftFiles(below: "Sources")
    private static let everything = sources + Repository.swiftFiles(below: "Tests")

    /// Executables talk to people: they may print and read the clock.
    private static func allowed(in file: Repository.File) -> Set<String> {
        file.target.hasPrefix("cassette") ? ["print(", "Date()"] : []
    }

    private static let python = Repository.root.appending(path: ".venv/bin/python")

    /// Findings of all files, each with its path, so that one run shows them all.
    private static func findings(
        in files: [Repository.File],
        _ rule: (Repository.File, [SwiftLine]) -> [TidyRules.Finding]
    ) -> [String] {
        files.flatMap { file in
            rule(file, file.lines).map { "\(file.path):\($0)" }
        }
    }

    @Test func `there are files to check`() {
        #expect(!Self.sources.isEmpty)
        #expect(Self.everything.filter(\.lines.isEmpty).map(\.path) == [])
        #expect(Self.everything.contains { $0.path == "Tests/TidyTests/RepositoryTests.swift" })
    }

    @Test func `no file is too long`() {
        let findings = Self.findings(in: Self.everything) { TidyRules.fileLength($1) }

        #expect(findings == [])
    }

    @Test func `no function is too long`() {
        let findings = Self.findings(in: Self.everything) { TidyRules.functionLengths($1) }

        #expect(findings == [])
    }

    @Test func `no library uses a forbidden construct`() {
        let findings = Self.findings(in: Self.sources) {
            TidyRules.forbiddenConstructs($1, except: Self.allowed(in: $0))
        }

        #expect(findings == [])
    }

    @Test func `no work is left unfinished`() {
        let findings = Self.findings(in: Self.everything) { TidyRules.unfinishedWork($1) }

        #expect(findings == [])
    }

    @Test func `each unchecked Sendable has its proof`() {
        let findings = Self.findings(in: Self.everything) { TidyRules.uncheckedSendable($1) }

        #expect(findings == [])
    }

    @Test func `each unsafe expression has its reason`() {
        let findings = Self.findings(in: Self.sources) { TidyRules.unsafeReasons($1) }

        #expect(findings == [])
    }

    @Test func `each target imports only what the manifest lists`() throws {
        let layers = PackageLayers(manifest: try Repository.text("Package.swift"))

        let findings = Self.findings(in: Self.sources) { layers.forbiddenImports($1, in: $0.target) }

        #expect(layers.uses["PackStorage"]?.contains("Sealing") == true)
        #expect(findings == [])
    }

    @Test func `each target imports all that the manifest lists`() throws {
        let layers = PackageLayers(manifest: try Repository.text("Package.swift"))
        var imported: [String: Set<String>] = [:]
        for file in Self.sources {
            imported[file.target, default: []].formUnion(file.lines.compactMap(PackageLayers.importedModule))
        }

        let unused = imported.flatMap { target, modules in
            (layers.uses[target] ?? []).subtracting(modules).map { "\(target) lists \($0) and never imports it" }
        }

        #expect(unused.sorted() == [])
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: python.path), "needs the Python environment"))
    func `generated files are what the generator writes`() throws {
        let generator = Process()
        generator.executableURL = Self.python
        generator.arguments = [Repository.root.appending(path: "Tools/python/generate_dictionary.py").path, "--verify"]

        try generator.run()
        generator.waitUntilExit()

        #expect(generator.terminationStatus == 0)
    }

    @Test func `each folder of test images is in their README`() throws {
        let readme = try Repository.text("TestImages/README.md")
        let images = Repository.root.appending(path: "TestImages")
        let folders = try FileManager.default.contentsOfDirectory(
            at: images,
            includingPropertiesForKeys: [.isDirectoryKey],
            options: .skipsHiddenFiles
        ).filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }

        let missing = folders.map(\.lastPathComponent).filter {
            !readme.contains("`\($0)`") && !readme.contains("`\($0)/`")
        }

        #expect(missing == [])
    }
}
