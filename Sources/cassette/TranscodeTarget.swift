import ArchiveServices
import ArgumentParser
import DICOMCore

/// A Transfer Syntax that can be written, as typed: by keyword, by the short name that people use, or by UID.
struct TranscodeTarget: Sendable {
    /// Names that are shorter than those of the dictionary.
    private static let shortNames: [String: TransferSyntax] = [
        "JPEGBaseline": .jpegBaseline, "JPEGExtended": .jpegExtended, "JPEGLSLossy": .jpegLSNearLossless,
        "RLE": .rleLossless, "Deflated": .deflatedExplicitVRLittleEndian,
    ]

    private static let keywords: [(keyword: String, transferSyntax: TransferSyntax)] = TransferSyntax.makeable.map {
        (UIDDictionary.entry(for: $0.uid)?.keyword ?? $0.uid.string, $0)
    }

    /// The keywords, for people.
    static let choices = keywords.map(\.keyword).joined(separator: ", ")

    let transferSyntax: TransferSyntax

    /// Reads what was typed.
    ///
    /// - Throws: `ValidationError` with what is near, and all that there is.
    init(_ typed: String) throws {
        let wanted = typed.lowercased()
        let short = Self.shortNames.filter { TransferSyntax.makeable.contains($0.value) }.sorted { $0.key < $1.key }
        let names = Self.keywords + short.map { ($0.key, $0.value) }
        let match = names.first { $0.keyword.lowercased() == wanted || $0.transferSyntax.uid.string == typed }
        guard let match else {
            let hint = Spelling.nearest(to: typed, in: names.map(\.keyword)).map { ": did you mean \($0)?" } ?? "."
            throw ValidationError(
                "'\(typed)' is no Transfer Syntax that can be written\(hint) There are \(Self.choices)"
            )
        }
        transferSyntax = match.transferSyntax
    }

    static let allValueStrings = keywords.map(\.keyword)
}
