import ArchiveCatalog
import DICOMCore

/// The tables of the index, made from the table of attributes; `Schema.md` describes them.
enum CatalogSchema {
    /// Kept in `PRAGMA user_version`; every change of a statement below needs another number.
    ///
    /// The index is a projection of the packs: another version is rebuilt, never migrated.
    static let version: Int64 = 4

    /// What makes an empty database an index, in order.
    static let statements =
        [patient, study, series, instance, instanceBlob, studyModality, studySOPClass, total]
        + RemovalSchema.tables + indexes + RemovalSchema.indexes

    /// The columns in which Person Names are compared; none for other kinds.
    ///
    /// A name has one for each component group, so that an index finds it by any of them; several names have one for all,
    /// in which they stand one by one.
    static func foldedColumns(_ attribute: CatalogAttribute) -> [ValueColumn] {
        guard attribute.kind == .personName else { return [] }
        guard !attribute.mayHaveSeveralValues else {
            return [ValueColumn(name: attribute.column + "_folded", attribute: attribute, fold: .whole)]
        }
        return [
            ValueColumn(name: attribute.column + "_folded", attribute: attribute, fold: .alphabetic),
            ValueColumn(name: attribute.column + "_ideographic", attribute: attribute, fold: .ideographic),
            ValueColumn(name: attribute.column + "_phonetic", attribute: attribute, fold: .phonetic),
        ]
    }

    /// The attributes that the table of a level holds: a study has a copy of its patient's.
    static func attributes(_ level: QueryLevel) -> [CatalogAttribute] {
        level == .study ? CatalogAttribute.of(.patient) + CatalogAttribute.of(.study) : CatalogAttribute.of(level)
    }

    /// The names of the columns that attributes fill, folded ones included, each with what it takes.
    static func valueColumns(_ level: QueryLevel) -> [ValueColumn] {
        attributes(level).flatMap { attribute in
            [ValueColumn(name: attribute.column, attribute: attribute, fold: nil)] + foldedColumns(attribute)
        }
    }

    private static let patient = table(
        "patient",
        key: "patient_key",
        .patient,
        [
            // The identity: with NULL in it, `UNIQUE` would not hold.
            "lone_study_uid TEXT NOT NULL",
            "defining_instance_key INTEGER NOT NULL",
            "defining_received_at INTEGER NOT NULL",
            "defining_record_id BLOB NOT NULL",
            "number_of_studies INTEGER NOT NULL",
            "number_of_series INTEGER NOT NULL",
            "number_of_instances INTEGER NOT NULL",
        ]
    )

    private static let study = table(
        "study",
        key: "study_key",
        .study,
        [
            "patient_key INTEGER NOT NULL",
            "defining_instance_key INTEGER NOT NULL",
            "defining_received_at INTEGER NOT NULL",
            "defining_record_id BLOB NOT NULL",
            "number_of_series INTEGER NOT NULL",
            "number_of_instances INTEGER NOT NULL",
        ]
    )

    private static let series = table(
        "series",
        key: "series_key",
        .series,
        [
            "study_key INTEGER NOT NULL",
            "defining_instance_key INTEGER NOT NULL",
            "defining_received_at INTEGER NOT NULL",
            "defining_record_id BLOB NOT NULL",
            "number_of_instances INTEGER NOT NULL",
        ]
    )

    /// Where an instance lies and what else a record holds, in the order in which ``InstanceStatements`` writes and
    /// ``RecordReading`` reads them.
    static let recordColumns = [
        "transfer_syntax_uid", "pack_id", "record_offset", "record_id", "study_key_id", "key_generation",
        "payload_length", "manifest_length", "record_length", "data_set_offset", "data_set_digest", "received_at",
        "source",
    ]

    private static let instance = table(
        "instance",
        key: "instance_key",
        .instance,
        [
            "series_key INTEGER NOT NULL",
            "transfer_syntax_uid TEXT NOT NULL",
            "pack_id BLOB NOT NULL",
            "record_offset INTEGER NOT NULL",
            "record_id BLOB NOT NULL",
            "study_key_id BLOB NOT NULL",
            "key_generation INTEGER NOT NULL",
            "payload_length INTEGER NOT NULL",
            "manifest_length INTEGER NOT NULL",
            "record_length INTEGER NOT NULL",
            "data_set_offset INTEGER NOT NULL",
            "data_set_digest BLOB NOT NULL",
            "received_at INTEGER NOT NULL",
            "source TEXT NOT NULL",
        ]
    )

    private static let instanceBlob = """
        CREATE TABLE instance_blob (
          instance_key INTEGER PRIMARY KEY,
          sealed_header BLOB NOT NULL,
          frame_index BLOB
        )
        """

    private static let studyModality = """
        CREATE TABLE study_modality (
          study_key INTEGER NOT NULL,
          modality TEXT NOT NULL,
          number_of_series INTEGER NOT NULL,
          PRIMARY KEY (study_key, modality)
        ) WITHOUT ROWID
        """

    private static let studySOPClass = """
        CREATE TABLE study_sop_class (
          study_key INTEGER NOT NULL,
          sop_class_uid TEXT NOT NULL,
          PRIMARY KEY (study_key, sop_class_uid)
        ) WITHOUT ROWID
        """

    private static let total = """
        CREATE TABLE total (
          total_key INTEGER PRIMARY KEY CHECK (total_key = 1),
          patients INTEGER NOT NULL,
          studies INTEGER NOT NULL,
          series INTEGER NOT NULL,
          instances INTEGER NOT NULL,
          payload_bytes INTEGER NOT NULL,
          durable_marks INTEGER NOT NULL
        )
        """

    private static let indexes = [
        "CREATE UNIQUE INDEX patient_identity ON patient (patient_id, issuer_of_patient_id, lone_study_uid)",
        "CREATE INDEX patient_name ON patient (patient_name_folded)",
        // Most archives have few names in such groups, and pay nothing for the others.
        "CREATE INDEX patient_name_ideographic ON patient (patient_name_ideographic)"
            + " WHERE patient_name_ideographic IS NOT NULL",
        "CREATE INDEX patient_name_phonetic ON patient (patient_name_phonetic)"
            + " WHERE patient_name_phonetic IS NOT NULL",
        "CREATE UNIQUE INDEX study_uid ON study (study_instance_uid)",
        "CREATE INDEX study_order ON study (study_date DESC, study_instance_uid)",
        "CREATE INDEX study_patient ON study (patient_key)",
        "CREATE INDEX study_patient_id ON study (patient_id)",
        "CREATE INDEX study_patient_name ON study (patient_name_folded)",
        "CREATE INDEX study_patient_name_ideographic ON study (patient_name_ideographic)"
            + " WHERE patient_name_ideographic IS NOT NULL",
        "CREATE INDEX study_patient_name_phonetic ON study (patient_name_phonetic)"
            + " WHERE patient_name_phonetic IS NOT NULL",
        "CREATE INDEX study_accession_number ON study (accession_number)",
        "CREATE UNIQUE INDEX series_uid ON series (series_instance_uid, study_key)",
        "CREATE INDEX series_order ON series (study_key, series_number, series_instance_uid)",
        "CREATE UNIQUE INDEX instance_uid ON instance (sop_instance_uid)",
        "CREATE INDEX instance_order ON instance (series_key, instance_number)",
        "CREATE INDEX instance_pack ON instance (pack_id)",
        "INSERT INTO total VALUES (1, 0, 0, 0, 0, 0, 0)",
    ]

    private static func table(_ name: String, key: String, _ level: QueryLevel, _ columns: [String]) -> String {
        let values = valueColumns(level).map { column in
            "\"\(column.name)\" \(column.type)" + (column.isIdentity(of: level) ? " NOT NULL" : "")
        }
        let lines = ["\(key) INTEGER PRIMARY KEY"] + columns + values
        return "CREATE TABLE \(name) (\n  " + lines.joined(separator: ",\n  ") + "\n)"
    }
}

/// A column that a value of an attribute fills.
struct ValueColumn: Sendable {
    /// Its name.
    let name: String
    /// The attribute whose value it takes.
    let attribute: CatalogAttribute
    /// Which folded form of a Person Name it takes; `nil`: the value itself.
    let fold: Fold?

    /// A form of a Person Name.
    enum Fold: Sendable {
        /// All names with all of their groups.
        case whole
        case alphabetic
        case ideographic
        case phonetic
    }

    /// The type in SQL.
    var type: String { attribute.kind == .number ? "INTEGER" : "TEXT" }

    /// The folded form of a name that the column takes; `nil` for columns of the value itself.
    func folded(_ name: String) -> String? {
        switch fold {
        case .whole: CatalogValue.foldedPersonName(name)
        case .alphabetic: FoldedPersonName(name).alphabetic
        case .ideographic: FoldedPersonName(name).ideographic
        case .phonetic: FoldedPersonName(name).phonetic
        case nil: nil
        }
    }

    /// Whether rows of that level cannot be without it: UIDs, and at patient level the identity, empty when unknown.
    func isIdentity(of level: QueryLevel) -> Bool {
        let tag = attribute.tag
        return switch level {
        case .patient: tag == .patientID || tag == .issuerOfPatientID
        case .study: tag == .studyInstanceUID
        case .series: tag == .seriesInstanceUID
        case .instance: tag == .sopInstanceUID || tag == .sopClassUID
        }
    }
}
