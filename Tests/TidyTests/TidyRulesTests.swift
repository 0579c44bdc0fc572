import Testing

@Suite struct `The checks can fail` {
    private func lines(_ source: String) -> [SwiftLine] { SwiftLine.lines(of: source) }

    private func numbers(_ findings: [TidyRules.Finding]) -> [Int] { findings.map(\.line) }

    @Test func `strings and comments are told from code`() {
        let source = #"let a = "print(\(b + f("x")))" // why"# + "\n/* TODO\n*/ let `print(` = 1"

        #expect(
            lines(source) == [
                SwiftLine(code: #"let a = "(b + f(""))" "#, comment: "// why"),
                SwiftLine(code: "", comment: " TODO"),
                SwiftLine(code: " let  = 1", comment: ""),
            ]
        )
    }

    @Test func `a literal over several lines and a raw literal hide their contents`() {
        let source = "let a = \"\"\"\n    try! \"x\" as!\n    \"\"\"\nlet b = #\"a\"try!\\\"#\nlet c = try! d"

        #expect(numbers(TidyRules.forbiddenConstructs(lines(source))) == [5])
    }

    @Test func `a file at the limit passes, one line more does not`() {
        #expect(TidyRules.fileLength(lines(String(repeating: "\n", count: TidyRules.fileLimit))) == [])
        #expect(TidyRules.fileLength(lines(String(repeating: "\n", count: TidyRules.fileLimit + 1))).count == 1)
    }

    @Test func `a function at the limit passes, one line more does not`() {
        func function(lineCount: Int) -> String {
            "struct S {\n    func f(a: () -> Void = {}) {\n" + String(repeating: "a()\n", count: lineCount - 2) + "}\n}"
        }

        #expect(TidyRules.functionLengths(lines(function(lineCount: TidyRules.functionLimit))) == [])
        #expect(numbers(TidyRules.functionLengths(lines(function(lineCount: TidyRules.functionLimit + 1)))) == [2])
    }

    @Test func `a requirement without a body is no function that reaches to the end`() {
        let source = "protocol P {\n    func f() -> Int\n    init(a: Int)\n    var b: Int { get }\n}\nextension P {\n}"

        #expect(FunctionSpan.all(in: lines(source)) == [])
    }

    @Test func `an initialiser counts, a call of one does not`() {
        let source = "init() {\n    self.init(a: 1) {\n    }\n}"

        #expect(FunctionSpan.all(in: lines(source)) == [FunctionSpan(firstLine: 1, lineCount: 4)])
    }

    @Test(arguments: TidyRules.forbidden)
    func `a forbidden construct is found`(construct: String) {
        #expect(numbers(TidyRules.forbiddenConstructs(lines("let a = 1\n    \(construct) x"))) == [2])
        #expect(TidyRules.forbiddenConstructs(lines("// \(construct) x\nlet b = \"\(construct)\"")) == [])
        #expect(TidyRules.forbiddenConstructs(lines(construct), except: [construct]) == [])
    }

    @Test func `names that end like a forbidden construct are none`() {
        #expect(TidyRules.forbiddenConstructs(lines("fingerprint(a); report.print(b); withTask {}; x.asDate()")) == [])
    }

    @Test(arguments: ["TODO", "FIXME", "XXX"])
    func `a mark of unfinished work is found in comments`(mark: String) {
        #expect(numbers(TidyRules.unfinishedWork(lines("/// \(mark): later"))) == [1])
        #expect(TidyRules.unfinishedWork(lines("let a = \"\(mark)\" // x\(mark)")) == [])
    }

    @Test func `unchecked Sendable needs its reason on the line above`() {
        let declaration = "final class A: @unchecked Sendable {"
        #expect(numbers(TidyRules.uncheckedSendable(lines("\n" + declaration))) == [2])
        #expect(numbers(TidyRules.uncheckedSendable(lines("/// A locked thing.\n" + declaration))) == [2])
        #expect(numbers(TidyRules.uncheckedSendable(lines("// Locked.\n\n" + declaration))) == [3])
        #expect(TidyRules.uncheckedSendable(lines("/// A thing.\n// Locked.\n" + declaration)) == [])
    }

    @Test func `unsafe needs a reason on its line or above`() {
        #expect(numbers(TidyRules.unsafeReasons(lines("let a = 1\nlet b = unsafe c()"))) == [2])
        #expect(numbers(TidyRules.unsafeReasons(lines("// why\nlet a = 1\nlet b = unsafe c()"))) == [3])
        #expect(TidyRules.unsafeReasons(lines("let b = unsafe c() // lives as long as a")) == [])
    }

    @Test func `a run of unsafe lines and one statement share a reason`() {
        let source = "// why\nunsafe a()\nunsafe b(\n    c,\n    unsafe d\n)"

        #expect(TidyRules.unsafeReasons(lines(source)) == [])
    }

    @Test func `an import that the manifest does not list is found`() {
        let layers = PackageLayers(
            manifest: """
                let nioCore = product("NIOCore", of: "swift-nio")
                targets: [.target(name: "B", dependencies: ["C"])] + layer("A", uses: ["B", nioCore], testedWith: ["D"])
                """
        )

        #expect(layers.uses == ["A": ["B", "NIOCore"], "B": ["C"]])
        let source =
            "public import B\nimport NIOCore\nimport struct Foundation.URL\n@preconcurrency import D\nlet a = 1"
        #expect(numbers(layers.forbiddenImports(lines(source), in: "A")) == [4])
    }

    @Test func `imports are read with their modifiers`() {
        let modules = lines("import A\npublic import B\n@testable import C\nimport struct D.E\nlet import1 = 2").map(
            PackageLayers.importedModule
        )

        #expect(modules == ["A", "B", "C", "D", nil])
    }
}
