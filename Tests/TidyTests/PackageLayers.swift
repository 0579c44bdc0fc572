/// What each target may import, as `Package.swift` lists it.
struct PackageLayers {
    /// Modules of the toolchain, which no manifest lists.
    static let toolchain: Set<String> = [
        "Foundation", "FoundationEssentials", "Glibc", "Musl", "Dispatch", "Synchronization", "Testing", "RegexBuilder",
    ]

    /// Names of modules and products by target.
    let uses: [String: Set<String>]

    /// Reads a manifest: calls of `layer`, `.target` and `.executableTarget` with a literal name.
    init(manifest: String) {
        let products = Self.products(of: manifest)
        var uses: [String: Set<String>] = [:]
        for call in ["layer(", ".target(", ".executableTarget("] {
            for arguments in Self.arguments(ofCallsOf: call, in: manifest) {
                guard let name = Self.name(arguments) else { continue }
                let list =
                    Self.list(after: "uses:", in: arguments) ?? Self.list(after: "dependencies:", in: arguments) ?? []
                uses[name] = Set(list.map { products[$0] ?? $0 })
            }
        }
        self.uses = uses
    }

    /// The module that a line imports, if it imports one.
    static func importedModule(_ line: SwiftLine) -> String? {
        let words = line.code.split(whereSeparator: \.isWhitespace).map(String.init)
        let modifiers: Set<String> = ["public", "package", "internal", "fileprivate", "private"]
        let rest = words.drop { modifiers.contains($0) || $0.hasPrefix("@") }
        guard rest.first == "import", let module = rest.dropFirst().first else { return nil }
        let kinds: Set<String> = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
        let path = kinds.contains(module) ? rest.dropFirst(2).first ?? module : module
        return String(path.prefix { $0 != "." })
    }

    /// Imports that the manifest does not list for this target.
    func forbiddenImports(_ lines: [SwiftLine], in target: String) -> [TidyRules.Finding] {
        let allowed = (uses[target] ?? []).union(Self.toolchain).union([target])
        return lines.enumerated().compactMap { index, line in
            guard let module = Self.importedModule(line), !allowed.contains(module) else { return nil }
            return TidyRules.Finding(line: index + 1, text: "\(target) must not import \(module)")
        }
    }

    /// `let nioCore = product("NIOCore", ...)`: product name by constant.
    private static func products(of manifest: String) -> [String: String] {
        var products: [String: String] = [:]
        for line in manifest.split(separator: "\n") where line.contains(" = product(\"") {
            let constant = line.drop { $0 != " " }.dropFirst().prefix { $0 != " " }
            products[String(constant)] = String(line.drop { $0 != "\"" }.dropFirst().prefix { $0 != "\"" })
        }
        return products
    }

    /// The text between the parentheses of each call.
    private static func arguments(ofCallsOf call: String, in manifest: String) -> [Substring] {
        var found: [Substring] = []
        var rest = manifest[...]
        while let range = rest.firstRange(of: call) {
            var depth = 1
            let body = rest[range.upperBound...].prefix { character in
                if character == "(" { depth += 1 }
                if character == ")" { depth -= 1 }
                return depth > 0
            }
            found.append(body)
            rest = rest[range.upperBound...]
        }
        return found
    }

    /// The literal that comes first, with or without the label.
    private static func name(_ arguments: Substring) -> String? {
        var text = arguments.drop(while: \.isWhitespace)
        if text.hasPrefix("name:") {
            text = text.dropFirst(5).drop(while: \.isWhitespace)
        }
        return text.first == "\"" ? String(text.dropFirst().prefix { $0 != "\"" }) : nil
    }

    /// The elements of the array literal after a label, quotes removed.
    private static func list(after label: String, in arguments: Substring) -> [String]? {
        guard let range = arguments.firstRange(of: label) else { return nil }
        let literal = arguments[range.upperBound...].drop { $0 != "[" }.dropFirst().prefix { $0 != "]" }
        return literal.split(separator: ",").map { String($0.filter { !$0.isWhitespace && $0 != "\"" }) }.filter {
            !$0.isEmpty
        }
    }
}
