import AccessControl
import ArchiveCatalog
import ArchiveServices
import ArgumentParser
import HTTPGateway
import NIOCore
import NIOHTTP1

/// Research projects in an archive that is open here, or through the server that has it open: the same answers.
struct ProjectAccess {
    private let access: ArchiveAccess

    init(_ access: ArchiveAccess) {
        self.access = access
    }

    /// Opens the archive, asks, and lets go of it.
    ///
    /// - Parameters:
    ///   - path: Behind `/api/projects`.
    ///   - query: Parameters of a QIDO-RS search, as they were typed.
    static func ask(
        _ folder: DataFolderOptions,
        _ method: HTTPMethod,
        _ path: String = "",
        query: String? = nil,
        body: String? = nil
    ) async throws -> ByteBuffer {
        try await ArchiveAccess.withOpen(folder) { access in
            try await ProjectAccess(access).ask(method, path, query: query, body: body)
        }
    }

    private func ask(
        _ method: HTTPMethod,
        _ path: String,
        query: String?,
        body: String?
    ) async throws -> ByteBuffer {
        let path = "/api/projects" + path
        let query = try query.map { try Self.escaped($0) }
        return try await access.ask(method, path + (query.map { "?" + $0 } ?? ""), body: body) { archive, principal in
            try await ProjectDoor(archive.projects).answer(
                method.rawValue,
                path,
                query: query,
                body: body ?? "",
                as: principal
            )
        }
    }

    /// What was typed, as it may stand in a URL.
    private static func escaped(_ query: String) throws -> String {
        guard let items = QueryText(query)?.items else {
            throw CommandFailure("--query wants keys with values: Modality=CT&StudyDate=2020-2021")
        }
        return items.map { escapedText($0.name) + "=" + escapedText($0.value) }.joined(separator: "&")
    }

    /// Everything but letters and digits is escaped.
    private static func escapedText(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            let digits = String(byte, radix: 16, uppercase: true)
            escaped += isPlain ? String(UnicodeScalar(byte)) : "%" + (digits.count == 1 ? "0" : "") + digits
        }
        return escaped
    }
}

/// The name of a project on the command line.
struct ProjectName: ParsableArguments {
    @Argument(help: "The name of the project.")
    var project: String

    func validate() throws {
        let isAllowed = project.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
            default: false
            }
        }
        guard isAllowed, (1...16).contains(project.utf8.count) else {
            throw ValidationError(
                "'\(project)' is no name of a project: 1 to 16 letters, digits, '-' and '_'; see `cassette project list`"
            )
        }
    }
}

/// Reads one of a few words from the command line.
@Sendable
func oneOf<Word: RawRepresentable & CaseIterable>(_ text: String) throws -> Word where Word.RawValue == String {
    guard let word = Word(rawValue: text) else {
        throw ValidationError("'\(text)' is none of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return word
}
