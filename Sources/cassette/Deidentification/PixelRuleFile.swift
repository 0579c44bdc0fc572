import Deidentification
import Yams

/// A file of rules for pixels: YAML, as `PixelRules` documents it.
enum PixelRuleFile {
    /// Aliases make a small text a large tree; no rule needs more.
    private static let nodeLimit = 100_000

    /// The rules of a file.
    ///
    /// - Parameter path: in errors.
    static func rules(yaml: String, path: String) throws(CommandFailure) -> PixelRules {
        let root: Node?
        do {
            root = try Yams.compose(yaml: yaml)
        } catch {
            throw CommandFailure("\(path) is no YAML: \(error)")
        }
        guard let root, root.null == nil else { return PixelRules.standard }
        var count = 0
        do throws(PixelRuleError) {
            guard let node = node(root, depth: 0, line: 1, &count) else {
                throw PixelRuleError(line: 1, "the file holds more than rules are made of")
            }
            return try PixelRules(file: node)
        } catch {
            throw CommandFailure("\(path), \(error)")
        }
    }

    private static func node(_ node: Node, depth: Int, line: Int, _ count: inout Int) -> PixelRuleNode? {
        count += 1
        // A rule is five levels deep.
        guard depth < 8, count <= nodeLimit else { return nil }
        let line = node.mark?.line ?? line
        switch node {
        case .mapping(let mapping):
            var entries: [PixelRuleEntry] = []
            for (key, value) in mapping {
                guard let value = self.node(value, depth: depth + 1, line: line, &count) else { return nil }
                entries.append(PixelRuleEntry(key.string ?? "", value))
            }
            return .mapping(entries, line: line)
        case .sequence(let sequence):
            var nodes: [PixelRuleNode] = []
            for value in sequence {
                guard let value = self.node(value, depth: depth + 1, line: line, &count) else { return nil }
                nodes.append(value)
            }
            return .list(nodes, line: line)
        case .scalar(let scalar): return .text(scalar.string, line: line)
        case .alias: return nil
        }
    }
}
