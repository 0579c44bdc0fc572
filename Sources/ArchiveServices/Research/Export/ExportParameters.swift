/// What an export was asked to do.
public struct ExportParameters: Sendable, Hashable {
    /// The name of the project.
    public let project: String
    /// Parameters of a QIDO-RS search that choose within the project's cohort; `nil`: all of it.
    public let query: String?
    /// Where it goes, as it was named.
    public let destination: String
    /// The form in which headers leave as a table, too; `nil`: they do not.
    public let headers: HeaderTable?
    /// Whether a peer gets again what an earlier export has sent there: it may have lost it since.
    public let sendsAgain: Bool

    /// Names what is wanted.
    public init(
        project: String,
        query: String?,
        destination: String,
        headers: HeaderTable? = nil,
        sendsAgain: Bool = false
    ) {
        self.project = project
        self.query = query.flatMap { $0.isEmpty ? nil : $0 }
        self.destination = destination
        self.headers = headers
        self.sendsAgain = sendsAgain
    }

    /// Reads what ``encoded`` has written; `nil` for anything else.
    public init?(_ bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
        let texts = lines.map { String(decoding: $0, as: UTF8.self) }
        guard (4...6).contains(texts.count), texts[0] == Self.version else { return nil }
        let wish = texts.count > 4 ? texts[4] : ""
        let headers = HeaderTable(rawValue: wish)
        guard wish.isEmpty || headers != nil, texts.count < 6 || texts[5] == Self.again else { return nil }
        self.init(
            project: texts[1],
            query: texts[2],
            destination: texts[3],
            headers: headers,
            sendsAgain: texts.count == 6
        )
    }

    private static let version = "export 1"
    private static let again = "again"

    /// Lines of text; `nil` when a part of it holds a line feed.
    var encoded: [UInt8]? {
        var texts = [project, query ?? "", destination]
        if headers != nil || sendsAgain { texts.append(headers?.rawValue ?? "") }
        if sendsAgain { texts.append(Self.again) }
        guard !texts.contains(where: { $0.utf8.contains(0x0A) }) else { return nil }
        return Array(([Self.version] + texts).joined(separator: "\n").utf8)
    }
}
