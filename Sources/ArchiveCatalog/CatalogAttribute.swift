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

    private init(_ tag: Tag, _ level: QueryLevel, _ kind: Kind, _ column: String) {
        self.tag = tag
        self.level = level
        self.kind = kind
        self.column = column
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

    private static let patient = [
        CatalogAttribute(.patientID, .patient, .text, "patient_id"),
        CatalogAttribute(.issuerOfPatientID, .patient, .text, "issuer_of_patient_id"),
        CatalogAttribute(.patientName, .patient, .personName, "patient_name"),
        CatalogAttribute(.patientBirthDate, .patient, .date, "patient_birth_date"),
        CatalogAttribute(.patientSex, .patient, .code, "patient_sex"),
    ]

    private static let study = [
        CatalogAttribute(.studyInstanceUID, .study, .uid, "study_instance_uid"),
        CatalogAttribute(.studyID, .study, .text, "study_id"),
        CatalogAttribute(.studyDate, .study, .date, "study_date"),
        CatalogAttribute(.studyTime, .study, .time, "study_time"),
        CatalogAttribute(.accessionNumber, .study, .text, "accession_number"),
        CatalogAttribute(.referringPhysicianName, .study, .personName, "referring_physician_name"),
        CatalogAttribute(.studyDescription, .study, .text, "study_description"),
        CatalogAttribute(.patientAge, .study, .text, "patient_age"),
    ]

    private static let series = [
        CatalogAttribute(.seriesInstanceUID, .series, .uid, "series_instance_uid"),
        CatalogAttribute(.modality, .series, .code, "modality"),
        CatalogAttribute(.seriesNumber, .series, .number, "series_number"),
        CatalogAttribute(.seriesDescription, .series, .text, "series_description"),
        CatalogAttribute(.seriesDate, .series, .date, "series_date"),
        CatalogAttribute(.seriesTime, .series, .time, "series_time"),
        CatalogAttribute(.bodyPartExamined, .series, .code, "body_part_examined"),
        CatalogAttribute(.laterality, .series, .code, "laterality"),
        CatalogAttribute(.protocolName, .series, .text, "protocol_name"),
        CatalogAttribute(.stationName, .series, .text, "station_name"),
        CatalogAttribute(.institutionName, .series, .text, "institution_name"),
        CatalogAttribute(.institutionalDepartmentName, .series, .text, "institutional_department_name"),
        CatalogAttribute(.manufacturer, .series, .text, "manufacturer"),
        CatalogAttribute(.performingPhysicianName, .series, .personName, "performing_physician_name"),
        CatalogAttribute(.operatorsName, .series, .personName, "operators_name"),
        CatalogAttribute(.performedProcedureStepStartDate, .series, .date, "performed_procedure_step_start_date"),
        CatalogAttribute(.performedProcedureStepStartTime, .series, .time, "performed_procedure_step_start_time"),
        CatalogAttribute(.scheduledProcedureStepID, .series, .text, "scheduled_procedure_step_id"),
        CatalogAttribute(.requestedProcedureID, .series, .text, "requested_procedure_id"),
    ]

    private static let instance = [
        CatalogAttribute(.sopInstanceUID, .instance, .uid, "sop_instance_uid"),
        CatalogAttribute(.sopClassUID, .instance, .uid, "sop_class_uid"),
        CatalogAttribute(.instanceNumber, .instance, .number, "instance_number"),
        CatalogAttribute(.rows, .instance, .number, "rows"),
        CatalogAttribute(.columns, .instance, .number, "columns"),
        CatalogAttribute(.bitsAllocated, .instance, .number, "bits_allocated"),
        CatalogAttribute(.numberOfFrames, .instance, .number, "number_of_frames"),
        CatalogAttribute(.contentDate, .instance, .date, "content_date"),
        CatalogAttribute(.contentTime, .instance, .time, "content_time"),
        CatalogAttribute(.acquisitionDate, .instance, .date, "acquisition_date"),
        CatalogAttribute(.acquisitionTime, .instance, .time, "acquisition_time"),
        CatalogAttribute(.acquisitionNumber, .instance, .number, "acquisition_number"),
        CatalogAttribute(.imageType, .instance, .code, "image_type"),
    ]
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
