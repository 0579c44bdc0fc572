import DICOMCoding
import DICOMCore
import NIOCore

/// Answers of a query as a table for people.
struct AnswerTable {
    struct Column {
        let title: String
        let tag: Tag
        let width: Int
    }

    let columns: [Column]

    init(level: QueryCommand.Level) {
        switch level {
        case .studies:
            columns = [
                Column(title: "Patient ID", tag: .patientID, width: 16),
                Column(title: "Patient's Name", tag: .patientName, width: 24),
                Column(title: "Study Date", tag: .studyDate, width: 10),
                Column(title: "Modalities", tag: .modalitiesInStudy, width: 10),
                Column(title: "Description", tag: .studyDescription, width: 24),
                Column(title: "Instances", tag: .numberOfStudyRelatedInstances, width: 9),
                Column(title: "Study Instance UID", tag: .studyInstanceUID, width: 64),
            ]
        case .series:
            columns = [
                Column(title: "Patient ID", tag: .patientID, width: 16),
                Column(title: "Modality", tag: .modality, width: 8),
                Column(title: "Number", tag: .seriesNumber, width: 6),
                Column(title: "Description", tag: .seriesDescription, width: 24),
                Column(title: "Instances", tag: .numberOfSeriesRelatedInstances, width: 9),
                Column(title: "Series Instance UID", tag: .seriesInstanceUID, width: 64),
            ]
        case .instances:
            columns = [
                Column(title: "Patient ID", tag: .patientID, width: 16),
                Column(title: "Number", tag: .instanceNumber, width: 6),
                Column(title: "Frames", tag: .numberOfFrames, width: 6),
                Column(title: "SOP Class UID", tag: .sopClassUID, width: 32),
                Column(title: "SOP Instance UID", tag: .sopInstanceUID, width: 64),
            ]
        }
    }

    /// A line of titles, then one per answer.
    func lines(_ answers: [DataSet]) -> [String] {
        let rows = answers.map { answer in columns.map { Self.text(answer, $0.tag) } }
        let widths = columns.indices.map { position in
            min(columns[position].width, max(columns[position].title.count, rows.map { $0[position].count }.max() ?? 0))
        }
        return ([columns.map(\.title)] + rows).map { cells in
            let padded = zip(cells, widths).map { cell, width in
                cell.count > width
                    ? cell.prefix(width - 1) + "…" : cell + String(repeating: " ", count: width - cell.count)
            }
            let line = padded.joined(separator: "  ")
            return String(
                line.prefix(upTo: line.lastIndex { $0 != " " }.map { line.index(after: $0) } ?? line.startIndex)
            )
        }
    }

    /// The answers as DICOM JSON.
    static func json(_ answers: [DataSet]) -> String {
        JSONText.array(
            answers.map { answer in
                var buffer = ByteBuffer()
                DICOMJSONWriter.write(answer, into: &buffer)
                return String(buffer: buffer)
            }
        )
    }

    /// The values without control characters, which a terminal could obey.
    private static func text(_ answer: DataSet, _ tag: Tag) -> String {
        let values = answer[tag].map { $0.vr.isText ? answer.strings(for: tag) : $0.integers.map(String.init) } ?? []
        return String(
            values.joined(separator: ",").map { $0.unicodeScalars.allSatisfy(Self.isShown) ? $0 : "\u{FFFD}" }
        )
    }

    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
