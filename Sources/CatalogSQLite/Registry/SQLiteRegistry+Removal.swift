public import ArchiveCatalog
public import DICOMCore
import GRDB
public import Platform

extension RegistryMigration {
    static let removal1 = RegistryMigration(
        name: "removal-1",
        statements: [
            """
            CREATE TABLE study_hold (
              study_instance_uid TEXT NOT NULL,
              kind TEXT NOT NULL,
              reason TEXT NOT NULL,
              owner TEXT NOT NULL,
              placed_at INTEGER NOT NULL,
              until INTEGER,
              PRIMARY KEY (study_instance_uid, kind)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE removal_request (
              request_id BLOB NOT NULL PRIMARY KEY,
              action TEXT NOT NULL,
              study_instance_uid TEXT NOT NULL,
              series_instance_uid TEXT,
              sop_instance_uid TEXT,
              reason TEXT NOT NULL,
              requested_by TEXT NOT NULL,
              requested_at INTEGER NOT NULL,
              expires_at INTEGER NOT NULL,
              instances INTEGER NOT NULL,
              payload_bytes INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE shredding (
              shredding_id BLOB NOT NULL PRIMARY KEY,
              study_instance_uid TEXT,
              study_key_id BLOB NOT NULL,
              state INTEGER NOT NULL,
              requested_by TEXT NOT NULL,
              reason TEXT NOT NULL,
              requested_at INTEGER NOT NULL,
              changed_at INTEGER NOT NULL,
              instances INTEGER NOT NULL,
              packs BLOB NOT NULL,
              kek_version INTEGER NOT NULL,
              certificate BLOB NOT NULL
            ) STRICT, WITHOUT ROWID
            """,
        ]
    )

    static let removal2 = RegistryMigration(
        name: "removal-2",
        statements: ["ALTER TABLE shredding ADD COLUMN key_generation INTEGER NOT NULL DEFAULT 0"]
    )
}

extension SQLiteRegistry: RemovalRegistry {
    /// Writes a hold.
    public func save(_ hold: Hold) async throws(RegistryError) {
        try await write { database in
            try database.run(
                "INSERT OR REPLACE INTO study_hold VALUES (?, ?, ?, ?, ?, ?)",
                [
                    hold.studyInstanceUID.string.databaseValue, hold.kind.rawValue.databaseValue,
                    hold.reason.databaseValue, hold.owner.databaseValue,
                    hold.placedAt.microseconds.databaseValue, hold.until?.microseconds.databaseValue ?? .null,
                ]
            )
        }
    }

    /// Takes a hold away.
    public func removeHold(of kind: Hold.Kind, on study: UID) async throws(RegistryError) -> Bool {
        try await write { database in
            try database.run(
                "DELETE FROM study_hold WHERE study_instance_uid = ? AND kind = ?",
                [study.string.databaseValue, kind.rawValue.databaseValue]
            )
            return database.changesCount > 0
        }
    }

    /// The holds of a study.
    public func holds(on study: UID) async throws(RegistryError) -> [Hold] {
        try await read { database in
            try database.all(
                Self.selectHolds + " WHERE study_instance_uid = ? ORDER BY kind",
                [study.string.databaseValue],
                Self.hold
            )
        }
    }

    /// Holds in the order of study and kind.
    public func holds(after last: Hold?, limit: Int) async throws(RegistryError) -> [Hold] {
        try await read { database in
            try database.all(
                Self.selectHolds
                    + " WHERE (study_instance_uid, kind) > (?, ?) ORDER BY study_instance_uid, kind LIMIT ?",
                [
                    (last?.studyInstanceUID.string ?? "").databaseValue, (last?.kind.rawValue ?? "").databaseValue,
                    max(0, limit).databaseValue,
                ],
                Self.hold
            )
        }
    }

    /// Writes a request that waits for confirmation.
    public func save(_ request: RemovalRequest) async throws(RegistryError) {
        try await write { database in
            try database.run(
                "INSERT OR REPLACE INTO removal_request VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    SQLBinding.id(request.id), request.action.rawValue.databaseValue,
                    request.scope.studyInstanceUID.string.databaseValue,
                    SQLBinding.text(request.scope.seriesInstanceUID?.string),
                    SQLBinding.text(request.scope.sopInstanceUID?.string), request.reason.databaseValue,
                    request.requestedBy.databaseValue, request.requestedAt.microseconds.databaseValue,
                    request.expiresAt.microseconds.databaseValue, request.instanceCount.databaseValue,
                    SQLBinding.length(request.payloadBytes),
                ]
            )
        }
    }

    /// The request of that id.
    public func removalRequest(_ id: RandomID) async throws(RegistryError) -> RemovalRequest? {
        try await read { database in
            try database.all(Self.selectRequests + " WHERE request_id = ?", [SQLBinding.id(id)], Self.request).first
        }
    }

    /// All requests that wait.
    public func removalRequests() async throws(RegistryError) -> [RemovalRequest] {
        try await read { database in
            try database.all(Self.selectRequests + " ORDER BY requested_at, request_id", [], Self.request)
        }
    }

    /// Takes a request out.
    public func takeRemovalRequest(_ id: RandomID) async throws(RegistryError) -> Bool {
        try await write { database in
            try database.run("DELETE FROM removal_request WHERE request_id = ?", [SQLBinding.id(id)])
            return database.changesCount > 0
        }
    }

    /// Writes a shredding as it is now.
    public func save(_ shredding: Shredding) async throws(RegistryError) {
        try await write { try Self.write(shredding, to: $0) }
        if shredding.studyInstanceUID == nil { try await emptyLog() }
    }

    static func write(_ shredding: Shredding, to database: Database) throws {
        try database.run(
            "INSERT OR REPLACE INTO shredding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                SQLBinding.id(shredding.id), SQLBinding.text(shredding.studyInstanceUID?.string),
                SQLBinding.id(shredding.studyKeyID), shredding.state.rawValue.databaseValue,
                shredding.requestedBy.databaseValue, shredding.reason.databaseValue,
                shredding.requestedAt.microseconds.databaseValue,
                shredding.changedAt.microseconds.databaseValue, shredding.instanceCount.databaseValue,
                SQLBinding.bytes(shredding.packs.flatMap(\.bytes)), Int64(shredding.kekVersion).databaseValue,
                SQLBinding.bytes(shredding.certificate), Int64(shredding.keyGeneration).databaseValue,
                shredding.subject.rawValue.databaseValue,
            ]
        )
    }

    /// The shredding of that id.
    public func shredding(_ id: RandomID) async throws(RegistryError) -> Shredding? {
        try await read { database in
            try database.all(
                Self.selectShreddings + " WHERE shredding_id = ?",
                [SQLBinding.id(id)],
                Self.shredding
            ).first
        }
    }

    /// Shreddings, the oldest first.
    public func shreddings(openOnly: Bool) async throws(RegistryError) -> [Shredding] {
        let end = Shredding.State.certified.rawValue
        let condition = openOnly ? " WHERE state < \(end)" : ""
        return try await read { database in
            try database.all(
                Self.selectShreddings + condition + " ORDER BY requested_at, shredding_id",
                [],
                Self.shredding
            )
        }
    }

    /// Takes a shredding out.
    public func removeShredding(_ id: RandomID) async throws(RegistryError) {
        try await write { database in
            try database.run("DELETE FROM shredding WHERE shredding_id = ?", [SQLBinding.id(id)])
        }
    }

    /// Wipes what is kept of a study, and writes its shredding.
    public func forgetStudy(_ study: UID, saving shredding: Shredding) async throws(RegistryError) {
        try await write { database in
            let uid = study.string.databaseValue
            for table in ["study_hold", "removal_request", "study_access", "study_label"] {
                try database.run("DELETE FROM \(table) WHERE study_instance_uid = ?", [uid])
            }
            try Self.write(shredding, to: database)
        }
        try await emptyLog()
    }

    private static let selectHolds = "SELECT study_instance_uid, kind, reason, owner, placed_at, until FROM study_hold"
    private static let selectRequests = """
        SELECT request_id, action, study_instance_uid, series_instance_uid, sop_instance_uid, reason, requested_by, \
        requested_at, expires_at, instances, payload_bytes FROM removal_request
        """
    private static let selectShreddings = """
        SELECT shredding_id, study_instance_uid, study_key_id, state, requested_by, reason, requested_at, changed_at, \
        instances, packs, kek_version, certificate, key_generation, subject FROM shredding
        """

    private static func hold(_ row: Row) throws -> Hold {
        guard let study = row.text(0).flatMap({ UID($0) }), let kind = row.text(1).flatMap({ Hold.Kind(rawValue: $0) })
        else { throw RegistryError.damagedRow }
        return Hold(
            studyInstanceUID: study,
            kind: kind,
            reason: row.text(2) ?? "",
            owner: row.text(3) ?? "",
            placedAt: Timestamp(microseconds: row.integer(4)),
            until: row.hasNull(atIndex: 5) ? nil : Timestamp(microseconds: row.integer(5))
        )
    }

    private static func request(_ row: Row) throws -> RemovalRequest {
        guard let action = row.text(1).flatMap({ RemovalRequest.Action(rawValue: $0) }),
            let study = row.text(2).flatMap({ UID($0) })
        else { throw RegistryError.damagedRow }
        return RemovalRequest(
            id: try row.id(0),
            action: action,
            scope: ArchiveScope(
                studyInstanceUID: study,
                seriesInstanceUID: row.text(3).flatMap { UID($0) },
                sopInstanceUID: row.text(4).flatMap { UID($0) }
            ),
            reason: row.text(5) ?? "",
            requestedBy: row.text(6) ?? "",
            requestedAt: Timestamp(microseconds: row.integer(7)),
            expiresAt: Timestamp(microseconds: row.integer(8)),
            instanceCount: Int(clamping: row.integer(9)),
            payloadBytes: UInt64(bitPattern: row.integer(10))
        )
    }

    private static func shredding(_ row: Row) throws -> Shredding {
        guard let state = Shredding.State(rawValue: Int(clamping: row.integer(3))), let packs = row.bytes(9),
            packs.count.isMultiple(of: 16), let subject = row.text(13).flatMap({ Shredding.Subject(rawValue: $0) })
        else { throw RegistryError.damagedRow }
        var shredding = Shredding(
            id: try row.id(0),
            // Replaced below: the row of a study that is forgotten has none.
            studyInstanceUID: row.text(1).flatMap { UID($0) } ?? UID(literal: "0.0"),
            studyKeyID: try row.id(2),
            requestedBy: row.text(4) ?? "",
            reason: row.text(5) ?? "",
            requestedAt: Timestamp(microseconds: row.integer(6))
        )
        shredding.subject = subject
        shredding.studyInstanceUID = row.text(1).flatMap { UID($0) }
        shredding.state = state
        shredding.changedAt = Timestamp(microseconds: row.integer(7))
        shredding.instanceCount = Int(clamping: row.integer(8))
        shredding.packs = stride(from: 0, to: packs.count, by: 16).compactMap { RandomID(bytes: packs[$0..<$0 + 16]) }
        shredding.kekVersion = UInt32(clamping: row.integer(10))
        shredding.certificate = row.bytes(11) ?? []
        shredding.keyGeneration = UInt32(clamping: row.integer(12))
        return shredding
    }
}

extension Database {
    /// All rows of a kept statement, each as `body` reads it.
    func all<Answer>(
        _ sql: String,
        _ arguments: [DatabaseValue],
        _ body: (Row) throws -> Answer
    ) throws -> [Answer] {
        var answers: [Answer] = []
        let rows = try Row.fetchCursor(try cachedStatement(sql: sql), arguments: StatementArguments(arguments))
        while let row = try rows.next() { answers.append(try body(row)) }
        return answers
    }
}
