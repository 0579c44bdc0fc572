public import DICOMCore

/// An attribute that the catalog keeps in a column of its own, to match and to sort by.
///
/// The table below is the whole truth about columns: catalogs make their schema from it, ingest fills it, query parsing
/// looks keys up in it. A new row here is a new column; the position is no part of any format.
public struct CatalogAttribute: Sendable, Hashable {
    /// The tag of the Data Element.
    public let tag: Tag
    /// The level whose record holds it.
    public let level: QueryLevel
    /// How values compare.
    public let kind: Kind
    /// The name of the column: the keyword in snake case.
    public let column: String
    /// The place in ``all``.
    let position: Int

    /// How values of an attribute compare (PS3.4 C.2.2.2).
    public enum Kind: String, Sendable, Hashable {
        /// Text that compares letter by letter, with wild cards.
        case text
        /// A Person Name: without regard to case, with wild cards.
        case personName
        /// A code: letter by letter, with wild cards, several values.
        case code
        /// An identifier; lists of them match.
        case uid
        /// A date `YYYYMMDD`; ranges match.
        case date
        /// A time `HHMMSS.FFFFFF`; ranges match.
        case time
        /// A whole number, compared as a number.
        case number
    }

    private typealias Row = (tag: Tag, kind: Kind, column: String)

    private init(_ row: Row, _ level: QueryLevel, position: Int) {
        tag = row.tag
        kind = row.kind
        column = row.column
        self.level = level
        self.position = position
    }

    private static func attributes(_ rows: [Row], _ level: QueryLevel, after others: Int) -> [CatalogAttribute] {
        rows.enumerated().map { CatalogAttribute($1, level, position: others + $0) }
    }

    /// Whether several values may stand in the column, joined by backslashes, of which any one may match.
    public var mayHaveSeveralValues: Bool {
        kind == .code || tag == .performingPhysicianName || tag == .operatorsName
    }

    /// Every attribute with a column, level by level.
    public static let all: [CatalogAttribute] = patient + study + series + instance

    /// The attribute of that tag; `nil` when there is no column for it.
    public static func forTag(_ tag: Tag) -> CatalogAttribute? {
        byTag[tag]
    }

    /// The attributes that a record of that level holds.
    public static func of(_ level: QueryLevel) -> [CatalogAttribute] {
        switch level {
        case .patient: patient
        case .study: study
        case .series: series
        case .instance: instance
        }
    }

    private static let byTag = Dictionary(all.map { ($0.tag, $0) }, uniquingKeysWith: { first, _ in first })

    private static let patient = attributes(
        [
            (.patientID, .text, "patient_id"),
            (.issuerOfPatientID, .text, "issuer_of_patient_id"),
            (.patientName, .personName, "patient_name"),
            (.patientBirthDate, .date, "patient_birth_date"),
            (.patientSex, .code, "patient_sex"),
        ],
        .patient,
        after: 0
    )

    private static let study = attributes(
        [
            (.studyInstanceUID, .uid, "study_instance_uid"),
            (.studyID, .text, "study_id"),
            (.studyDate, .date, "study_date"),
            (.studyTime, .time, "study_time"),
            (.accessionNumber, .text, "accession_number"),
            (.referringPhysicianName, .personName, "referring_physician_name"),
            (.studyDescription, .text, "study_description"),
            (.patientAge, .text, "patient_age"),
        ],
        .study,
        after: patient.count
    )

    private static let series = attributes(
        [
            (.seriesInstanceUID, .uid, "series_instance_uid"),
            (.modality, .code, "modality"),
            (.seriesNumber, .number, "series_number"),
            (.seriesDescription, .text, "series_description"),
            (.seriesDate, .date, "series_date"),
            (.seriesTime, .time, "series_time"),
            (.bodyPartExamined, .code, "body_part_examined"),
            (.laterality, .code, "laterality"),
            (.protocolName, .text, "protocol_name"),
            (.stationName, .text, "station_name"),
            (.institutionName, .text, "institution_name"),
            (.institutionalDepartmentName, .text, "institutional_department_name"),
            (.manufacturer, .text, "manufacturer"),
            (.performingPhysicianName, .personName, "performing_physician_name"),
            (.operatorsName, .personName, "operators_name"),
            (.performedProcedureStepStartDate, .date, "performed_procedure_step_start_date"),
            (.performedProcedureStepStartTime, .time, "performed_procedure_step_start_time"),
            (.scheduledProcedureStepID, .text, "scheduled_procedure_step_id"),
            (.requestedProcedureID, .text, "requested_procedure_id"),
        ],
        .series,
        after: patient.count + study.count
    )

    private static let instance = attributes(
        [
            (.sopInstanceUID, .uid, "sop_instance_uid"),
            (.sopClassUID, .uid, "sop_class_uid"),
            (.instanceNumber, .number, "instance_number"),
            (.rows, .number, "rows"),
            (.columns, .number, "columns"),
            (.bitsAllocated, .number, "bits_allocated"),
            (.numberOfFrames, .number, "number_of_frames"),
            (.contentDate, .date, "content_date"),
            (.contentTime, .time, "content_time"),
            (.acquisitionDate, .date, "acquisition_date"),
            (.acquisitionTime, .time, "acquisition_time"),
            (.acquisitionNumber, .number, "acquisition_number"),
            (.imageType, .code, "image_type"),
        ],
        .instance,
        after: patient.count + study.count + series.count
    )
}

/// What the catalog counts or gathers instead of reading it from one object.
public enum DerivedAttribute: Sendable, Hashable, CaseIterable {
    /// Modalities in Study (0008,0061).
    case modalitiesInStudy
    /// SOP Classes in Study (0008,0062).
    case sopClassesInStudy
    /// Number of Patient Related Studies (0020,1200).
    case numberOfPatientRelatedStudies
    /// Number of Patient Related Series (0020,1202).
    case numberOfPatientRelatedSeries
    /// Number of Patient Related Instances (0020,1204).
    case numberOfPatientRelatedInstances
    /// Number of Study Related Series (0020,1206).
    case numberOfStudyRelatedSeries
    /// Number of Study Related Instances (0020,1208).
    case numberOfStudyRelatedInstances
    /// Number of Series Related Instances (0020,1209).
    case numberOfSeriesRelatedInstances

    /// The tag of the Data Element.
    public var tag: Tag {
        switch self {
        case .modalitiesInStudy: .modalitiesInStudy
        case .sopClassesInStudy: .sopClassesInStudy
        case .numberOfPatientRelatedStudies: .numberOfPatientRelatedStudies
        case .numberOfPatientRelatedSeries: .numberOfPatientRelatedSeries
        case .numberOfPatientRelatedInstances: .numberOfPatientRelatedInstances
        case .numberOfStudyRelatedSeries: .numberOfStudyRelatedSeries
        case .numberOfStudyRelatedInstances: .numberOfStudyRelatedInstances
        case .numberOfSeriesRelatedInstances: .numberOfSeriesRelatedInstances
        }
    }

    /// The level whose answers carry it.
    public var level: QueryLevel {
        switch self {
        case .modalitiesInStudy, .sopClassesInStudy, .numberOfStudyRelatedSeries, .numberOfStudyRelatedInstances: .study
        case .numberOfPatientRelatedStudies, .numberOfPatientRelatedSeries, .numberOfPatientRelatedInstances: .patient
        case .numberOfSeriesRelatedInstances: .series
        }
    }
}
