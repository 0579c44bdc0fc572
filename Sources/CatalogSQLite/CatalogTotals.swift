import ArchiveCatalog
import GRDB

/// The one row that counts everything, so that no query has to.
struct CatalogTotals: Equatable {
    var patients: Int64
    var studies: Int64
    var series: Int64
    var instances: Int64
    private var payloadBytes: Int64

    /// Reads the row.
    init(_ database: Database) throws {
        let row = try database.first("SELECT patients, studies, series, instances, payload_bytes FROM total", []) {
            row in
            (0..<5).map { row.integer($0) }
        }
        guard let row, row.count == 5 else { throw CatalogError.damagedRow }
        (patients, studies, series, instances, payloadBytes) = (row[0], row[1], row[2], row[3], row[4])
    }

    /// Counts the bytes of a payload; stays at the largest number.
    mutating func add(payloadBytes more: UInt64) {
        let (sum, overflow) = payloadBytes.addingReportingOverflow(Int64(clamping: more))
        payloadBytes = overflow ? .max : sum
    }

    /// Takes the bytes of a payload out again.
    mutating func subtract(payloadBytes less: UInt64) {
        let (difference, overflow) = payloadBytes.subtractingReportingOverflow(Int64(clamping: less))
        payloadBytes = overflow ? 0 : max(0, difference)
    }

    /// Writes the row.
    static let update = "UPDATE total SET patients = ?, studies = ?, series = ?, instances = ?, payload_bytes = ?"

    /// Gives ``update`` its values.
    func bind(to binder: inout StatementBinder) {
        for count in [patients, studies, series, instances, payloadBytes] { binder.integer(count) }
    }

    /// The counts for a caller.
    var counts: CatalogCounts {
        CatalogCounts(
            patients: Int(patients),
            studies: Int(studies),
            series: Int(series),
            instances: Int(instances),
            payloadBytes: UInt64(clamping: payloadBytes)
        )
    }
}
