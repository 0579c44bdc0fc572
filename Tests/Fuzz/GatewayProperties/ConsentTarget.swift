import ArchiveCatalog
import ArchiveServices
public import FuzzProperties
public import NIOCore

/// Lists of consents, comma-separated values (RFC 4180).
public enum ConsentTarget: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "Consent"

    /// All bytes are the list.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) {
        guard let statements = statements(in: String(decoding: input.readableBytesView, as: UTF8.self)) else { return }
        try require(statements.allSatisfy { !$0.patientID.isEmpty }, "a statement is about nobody")
        let lines = statements.map { [quoted($0.patientID), quoted($0.issuer), $0.answer.rawValue] }
        let text = ([["PatientID", "Issuer", "Consent"]] + lines).map { $0.joined(separator: ",") + "\r\n" }.joined()
        try require(Self.statements(in: text) == statements, "what was read is not read again from its own list")
    }

    /// The list is only read.
    public static func parse(_ input: ByteBuffer) throws(PropertyViolation) {
        _ = statements(in: String(decoding: input.readableBytesView, as: UTF8.self))
    }

    private static func statements(in text: String) -> [ConsentStatement]? {
        // A list that is refused is read as nothing: an upload ends with the error.
        try? ConsentList.statements(in: text)
    }

    private static func quoted(_ cell: String) -> String {
        var text = String.UnicodeScalarView("\"".unicodeScalars)
        // By scalars: a quotation mark may have an accent behind it, and is one all the same.
        for scalar in cell.unicodeScalars { text.append(contentsOf: scalar == "\"" ? ["\"", "\""] : [scalar]) }
        text.append("\"")
        return String(text)
    }
}
