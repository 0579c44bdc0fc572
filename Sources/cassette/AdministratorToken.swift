import AccessControl
import Platform

/// The tokens of an archive, kept in its folder for the owner only.
enum AdministratorToken {
    /// Reads the administrator token, or draws the first one.
    static func readOrMake(_ folder: DataFolder, disk: any Disk) throws -> (token: String, isNew: Bool) {
        try readOrMake(folder.adminToken, disk: disk)
    }

    /// Reads the token that opens the metrics alone, or draws the first one.
    static func readOrMakeForMetrics(_ folder: DataFolder, disk: any Disk) throws -> String {
        try readOrMake(folder.metricsToken, disk: disk).token
    }

    private static func readOrMake(_ path: String, disk: any Disk) throws -> (token: String, isNew: Bool) {
        let file = SmallFile(path: path, disk: disk)
        if let text = try file.read() {
            let token = String(text.prefix { !$0.isWhitespace })
            guard token.utf8.count >= 32 else {
                throw CommandFailure(
                    "\(path) holds no token (32 characters at least): remove it and start again for a new one"
                )
            }
            return (token, false)
        }
        let token = BearerTokens.makeToken(random: SystemRandomSource())
        try file.write(token + "\n")
        return (token, true)
    }
}
