import Deidentification
import Platform

/// The file with the key of a project, from which all its pseudonyms follow.
enum ProjectKeyFile {
    private static let digits = Array("0123456789abcdef".utf8)

    /// The key of a file; a new one is made where there is no file.
    static func key(at path: String) throws -> (key: ProjectKey, isNew: Bool) {
        let file = KeyFile(path: path, disk: PosixDisk())
        guard FileKind(of: path, followsLinks: true) == .none else {
            let text = try file.read()
            guard let key = parse(text) else {
                throw CommandFailure(
                    "\(path) holds no project key (64 hexadecimal digits): name another file, or one that is not there, "
                        + "for a new key"
                )
            }
            return (key, false)
        }
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<ProjectKey.length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        guard let key = ProjectKey(bytes: bytes) else { throw CommandFailure("no key could be made") }
        do {
            try file.create(
                String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self) + "\n"
            )
        } catch {
            throw CommandFailure("\(path): \(error)")
        }
        return (key, true)
    }

    private static func parse(_ text: String) -> ProjectKey? {
        let letters = text.lowercased().utf8.filter { $0 > 0x20 }
        guard letters.count == 2 * ProjectKey.length else { return nil }
        var bytes: [UInt8] = []
        for position in stride(from: 0, to: letters.count, by: 2) {
            guard let high = digits.firstIndex(of: letters[position]),
                let low = digits.firstIndex(of: letters[position + 1])
            else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return ProjectKey(bytes: bytes)
    }
}
