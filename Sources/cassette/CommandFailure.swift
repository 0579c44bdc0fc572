/// Why a command ends with exit code 1: what was wrong and what to type next.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
