import ArchiveCatalog
import DICOMCore
import GRDB

/// The part of an order that lies behind a place, as ranges that follow each other and each of which an index finds.
///
/// From the innermost level out: the rest of the same series, then of the same study, then the studies that follow.
enum QueryRanges {
    /// The place of an answer with these values.
    static func position(of values: CatalogValues, _ level: QueryLevel, loneStudyUID: String?) -> CatalogPosition {
        let study = [values[.studyDate], values[.studyInstanceUID]]
        let series = [values[.seriesNumber], values[.seriesInstanceUID]]
        let instance = [values[.instanceNumber], values[.sopInstanceUID]]
        return switch level {
        case .patient: CatalogPosition(keys: [values[.patientID], values[.issuerOfPatientID], loneStudyUID])
        case .study: CatalogPosition(keys: study)
        case .series: CatalogPosition(keys: study + series)
        case .instance: CatalogPosition(keys: study + series + instance)
        }
    }

    /// The ranges behind a place.
    static func behind(_ position: CatalogPosition, _ level: QueryLevel) -> [SQLFragment] {
        let keys = position.keys
        func key(_ index: Int) -> DatabaseValue { index < keys.count ? keys[index].databaseValue : .null }
        func text(_ index: Int) -> DatabaseValue { ((index < keys.count ? keys[index] : nil) ?? "").databaseValue }
        guard level > .patient else {
            return [
                SQLFragment(
                    "(patient.patient_id, patient.issuer_of_patient_id, patient.lone_study_uid) > (?, ?, ?)",
                    [text(0), text(1), text(2)]
                )
            ]
        }
        var ranges: [SQLFragment] = []
        let inStudy = SQLFragment("study.study_instance_uid = ?", [text(1)])
        if level == .instance {
            let inSeries = SQLFragment("series.series_instance_uid = ?", [text(3)])
            ranges += numbered("instance.instance_number", "instance.sop_instance_uid", number(keys, 4), text(5))
                .map { .joined([inStudy, inSeries, $0], by: " AND ") }
        }
        if level >= .series {
            ranges += numbered("series.series_number", "series.series_instance_uid", number(keys, 2), text(3))
                .map { .joined([inStudy, $0], by: " AND ") }
        }
        return ranges + studies(date: key(0), uid: text(1))
    }

    private static func number(_ keys: [String?], _ index: Int) -> DatabaseValue {
        (index < keys.count ? keys[index] : nil).flatMap { Int64($0) }?.databaseValue ?? .null
    }

    /// The newest come first, those without date last.
    private static func studies(date: DatabaseValue, uid: DatabaseValue) -> [SQLFragment] {
        guard !date.isNull else {
            return [SQLFragment("study.study_date IS NULL AND study.study_instance_uid > ?", [uid])]
        }
        return [
            SQLFragment("study.study_date = ? AND study.study_instance_uid > ?", [date, uid]),
            SQLFragment("study.study_date < ?", [date]),
            SQLFragment("study.study_date IS NULL"),
        ]
    }

    /// Those without number come first.
    private static func numbered(
        _ numberColumn: String,
        _ uidColumn: String,
        _ number: DatabaseValue,
        _ uid: DatabaseValue
    ) -> [SQLFragment] {
        guard !number.isNull else {
            return [
                SQLFragment("\(numberColumn) IS NULL AND \(uidColumn) > ?", [uid]),
                SQLFragment("\(numberColumn) IS NOT NULL"),
            ]
        }
        return [
            SQLFragment("\(numberColumn) = ? AND \(uidColumn) > ?", [number, uid]),
            SQLFragment("\(numberColumn) > ?", [number]),
        ]
    }
}
