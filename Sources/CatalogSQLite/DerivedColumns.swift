import ArchiveCatalog
import GRDB

/// What the catalog counts or gathers, as columns of a SELECT.
struct DerivedColumns: Sendable {
    /// The columns as SQL, each with a comma in front.
    let sql: String
    /// How many there are.
    var count: Int { attributes.count }

    private let attributes: [DerivedAttribute]

    /// The columns of one level; a study has those of its patient too.
    init(only level: QueryLevel) {
        self.init { level == .study ? $0 <= .study : $0 == level }
    }

    /// The columns of a level and those above it.
    init(downTo level: QueryLevel) {
        self.init { $0 <= level }
    }

    private init(_ belongs: (QueryLevel) -> Bool) {
        attributes = DerivedAttribute.allCases.filter { belongs($0.level) }
        sql = attributes.map { ", " + Self.column($0) }.joined()
    }

    /// Reads the values that begin at column `start` of a row.
    func read(_ row: Row, from start: Int, into values: inout [DerivedAttribute: String]) {
        for (index, attribute) in attributes.enumerated() {
            let value: DatabaseValue = row[start + index]
            switch value.storage {
            case .int64(let count): values[attribute] = String(count)
            case .string(let text): values[attribute] = text
            case .null, .double, .blob: break
            }
        }
    }

    private static func column(_ attribute: DerivedAttribute) -> String {
        switch attribute {
        case .modalitiesInStudy: gathered("modality", from: "study_modality")
        case .sopClassesInStudy: gathered("sop_class_uid", from: "study_sop_class")
        case .numberOfPatientRelatedStudies: "patient.number_of_studies"
        case .numberOfPatientRelatedSeries: "patient.number_of_series"
        case .numberOfPatientRelatedInstances: "patient.number_of_instances"
        case .numberOfStudyRelatedSeries: "study.number_of_series"
        case .numberOfStudyRelatedInstances: "study.number_of_instances"
        case .numberOfSeriesRelatedInstances: "series.number_of_instances"
        }
    }

    /// The values of a study in a table whose primary key has them in order.
    private static func gathered(_ column: String, from table: String) -> String {
        #"(SELECT group_concat(\#(column), '\') FROM "#
            + "(SELECT \(column) FROM \(table) WHERE \(table).study_key = study.study_key ORDER BY \(column)))"
    }
}
