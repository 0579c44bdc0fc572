public import ArchiveCatalog
import GRDB
public import Platform

extension RegistryMigration {
    static let places1 = RegistryMigration(
        name: "places-1",
        statements: [
            """
            CREATE TABLE pack_place (
              pack BLOB NOT NULL CHECK (length(pack) = 16),
              store TEXT NOT NULL,
              state INTEGER NOT NULL,
              size INTEGER NOT NULL,
              sha256 BLOB NOT NULL CHECK (length(sha256) IN (0, 32)),
              verified INTEGER,
              changed INTEGER NOT NULL,
              PRIMARY KEY (pack, store)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX pack_place_by_store ON pack_place (store, state, pack)",
        ]
    )
}

extension SQLiteRegistry {
    private static let columns = "pack, store, state, size, sha256, verified, changed"

    /// All rows of a pack, by store.
    public func packPlaces(of pack: RandomID) async throws(RegistryError) -> [PackPlaceRow] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: "SELECT \(Self.columns) FROM pack_place WHERE pack = ? ORDER BY store"
            )
            return try Row.fetchAll(statement, arguments: [SQLBinding.id(pack)]).map { try Self.place($0) }
        }
    }

    /// Rows of a store in one state, by pack, beginning behind `pack`.
    public func packPlaces(
        in store: String,
        state: UInt8,
        after pack: RandomID?,
        limit: Int
    ) async throws(RegistryError) -> [PackPlaceRow] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT \(Self.columns) FROM pack_place WHERE store = ? AND state = ? AND pack > ? \
                    ORDER BY pack LIMIT ?
                    """
            )
            // No bytes at all come before every id.
            let start = pack.map { SQLBinding.id($0) } ?? SQLBinding.bytes([])
            return try Row.fetchAll(
                statement,
                arguments: [store, Int64(state), start, max(0, limit)]
            ).map { try Self.place($0) }
        }
    }

    /// Puts rows in, or in the place of those of the same pack and store.
    public func setPackPlaces(_ rows: [PackPlaceRow]) async throws(RegistryError) {
        guard !rows.isEmpty else { return }
        try await write { database in
            let statement = try database.cachedStatement(
                sql: "INSERT OR REPLACE INTO pack_place (\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?)"
            )
            for row in rows {
                try statement.execute(arguments: [
                    SQLBinding.id(row.pack), row.store, Int64(row.state), Int64(clamping: row.size),
                    SQLBinding.bytes(row.sha256), row.verified?.microseconds, row.changed.microseconds,
                ])
            }
        }
    }

    /// Takes a row out; one that is not there is fine.
    public func removePackPlace(_ pack: RandomID, from store: String) async throws(RegistryError) {
        try await write { database in
            try database.execute(
                sql: "DELETE FROM pack_place WHERE pack = ? AND store = ?",
                arguments: [SQLBinding.id(pack), store]
            )
        }
    }

    /// How many rows and bytes a store has in each state.
    public func packPlaceTotals(of store: String) async throws(RegistryError) -> [PackPlaceRowTotal] {
        try await read { database in
            let sql = "SELECT state, count(*), sum(size) FROM pack_place WHERE store = ? GROUP BY state ORDER BY state"
            return try Row.fetchAll(database, sql: sql, arguments: [store]).map { row in
                PackPlaceRowTotal(
                    state: try Self.state(row, 0),
                    count: Int(clamping: row.integer(1)),
                    byteCount: UInt64(clamping: row.integer(2))
                )
            }
        }
    }

    private static func place(_ row: Row) throws -> PackPlaceRow {
        guard let store = row.text(1), let sha256 = row.bytes(4), let size = UInt64(exactly: row.integer(3)) else {
            throw RegistryError.damagedRow
        }
        return PackPlaceRow(
            pack: try row.id(0),
            store: store,
            state: try state(row, 2),
            size: size,
            sha256: sha256,
            verified: row.hasNull(atIndex: 5) ? nil : Timestamp(microseconds: row.integer(5)),
            changed: Timestamp(microseconds: row.integer(6))
        )
    }

    private static func state(_ row: Row, _ index: Int) throws -> UInt8 {
        guard let state = UInt8(exactly: row.integer(index)) else { throw RegistryError.damagedRow }
        return state
    }
}
