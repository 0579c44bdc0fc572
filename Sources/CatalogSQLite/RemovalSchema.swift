/// The tables of what was taken out; `Schema.md` describes them.
enum RemovalSchema {
    /// Where a record lies, in the order in which ``RecordReading/location(_:)`` reads it behind one column more.
    static let locationColumns = [
        "pack_id", "record_offset", "record_id", "study_key_id", "key_generation", "payload_length", "manifest_length",
        "record_length",
    ]

    static let tables = [deletion, removedRecord, supersededPack]

    static let indexes = [
        "CREATE INDEX deletion_order ON deletion (state, deleted_at, deletion_id)",
        "CREATE INDEX deletion_study ON deletion (study_instance_uid)",
        "CREATE INDEX removed_record_deletion ON removed_record (deletion_id, record_id)",
        "CREATE INDEX removed_record_pack ON removed_record (pack_id)",
    ]

    private static let deletion = """
        CREATE TABLE deletion (
          deletion_id BLOB NOT NULL PRIMARY KEY,
          study_instance_uid TEXT NOT NULL,
          series_instance_uid TEXT,
          sop_instance_uid TEXT,
          deleted_at INTEGER NOT NULL,
          deleted_by TEXT NOT NULL,
          reason TEXT NOT NULL,
          number_of_instances INTEGER NOT NULL,
          payload_bytes INTEGER NOT NULL,
          state INTEGER NOT NULL
        ) WITHOUT ROWID
        """

    private static let removedRecord = """
        CREATE TABLE removed_record (
          record_id BLOB NOT NULL PRIMARY KEY,
          deletion_id BLOB NOT NULL,
          sop_instance_uid TEXT NOT NULL,
          pack_id BLOB NOT NULL,
          record_offset INTEGER NOT NULL,
          study_key_id BLOB NOT NULL,
          key_generation INTEGER NOT NULL,
          payload_length INTEGER NOT NULL,
          manifest_length INTEGER NOT NULL,
          record_length INTEGER NOT NULL
        ) WITHOUT ROWID
        """

    private static let supersededPack = """
        CREATE TABLE superseded_pack (
          pack_id BLOB NOT NULL PRIMARY KEY,
          successor_id BLOB NOT NULL,
          study_key_id BLOB NOT NULL,
          since INTEGER NOT NULL
        ) WITHOUT ROWID
        """
}
