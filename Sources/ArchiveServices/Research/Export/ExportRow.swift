import DICOMCore
import Platform

/// One line of an export's list: an object that left, or one that stays.
enum ExportRow: Sendable, Hashable {
    case object(Object)
    case quarantined(Quarantined)

    /// An object that left.
    struct Object: Sendable, Hashable {
        /// The pseudonym of its patient.
        let subject: String
        let path: String
        let sha256: [UInt8]
        let crc32: UInt32
        let length: UInt64
        let sopClassUID: String
        let transferSyntaxUID: String
        let studyInstanceUID: String
        let seriesInstanceUID: String
        let sopInstanceUID: String

        /// The columns of the manifest.
        static let columns = [
            "path", "sha256", "bytes", "sop_class_uid", "transfer_syntax_uid", "study_instance_uid",
            "series_instance_uid", "sop_instance_uid",
        ]

        /// The cells of the manifest.
        var cells: [String] {
            [
                path, Hex.encode(sha256), String(length), sopClassUID, transferSyntaxUID, studyInstanceUID,
                seriesInstanceUID, sopInstanceUID,
            ]
        }

        /// What a destination with a directory needs.
        var file: ExportedFile { ExportedFile(path: path, length: length, crc32: crc32) }
    }

    /// An object that stays, by what it would have been called.
    struct Quarantined: Sendable, Hashable {
        let subject: String
        let sopInstanceUID: String
        /// A word for tables.
        let code: String
        /// Why; names no value.
        let reason: String

        static let columns = ["subject", "sop_instance_uid", "code", "reason"]

        var cells: [String] { [subject, sopInstanceUID, code, reason] }
    }

    /// One line of text, with its end.
    var line: String {
        switch self {
        case .object(let row):
            CSVText.line(["O", row.subject, String(row.crc32)] + row.cells)
        case .quarantined(let row): CSVText.line(["Q"] + row.cells)
        }
    }

    /// Reads a line without its end; `nil` for any other text.
    init?(line: some StringProtocol) {
        guard let cells = CSVText.cells(line) else { return nil }
        switch (cells.first, cells.count) {
        case ("O", 11):
            guard let crc32 = UInt32(cells[2]), let sha256 = Hex.decode(cells[4]), let length = UInt64(cells[5]) else {
                return nil
            }
            self = .object(
                Object(
                    subject: cells[1],
                    path: cells[3],
                    sha256: sha256,
                    crc32: crc32,
                    length: length,
                    sopClassUID: cells[6],
                    transferSyntaxUID: cells[7],
                    studyInstanceUID: cells[8],
                    seriesInstanceUID: cells[9],
                    sopInstanceUID: cells[10]
                )
            )
        case ("Q", 5):
            self = .quarantined(
                Quarantined(subject: cells[1], sopInstanceUID: cells[2], code: cells[3], reason: cells[4])
            )
        default: return nil
        }
    }
}
