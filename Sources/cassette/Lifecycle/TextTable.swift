/// Rows of text with columns of their widths.
struct TextTable {
    private var rows: [[String]]

    init(_ titles: [String]) {
        rows = [titles]
    }

    mutating func append(_ cells: [String]) {
        rows.append(cells.map(Console.shown))
    }

    /// A line of titles, then one per row; nothing stands behind the last column.
    var lines: [String] {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                column == row.count - 1
                    ? cell : cell + String(repeating: " ", count: max(0, widths[column] - cell.count))
            }
            return cells.joined(separator: "  ")
        }
    }
}

/// Numbers of bytes as people say them.
enum ByteText {
    /// `1.5 GiB`.
    static func text(_ bytes: UInt64) -> String {
        let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"]
        var value = bytes
        var rest: UInt64 = 0
        var unit = 0
        while value >= 1_024, unit < units.count - 1 {
            rest = value % 1_024
            value /= 1_024
            unit += 1
        }
        guard unit > 0 else { return "\(value) bytes" }
        return "\(value).\(rest * 10 / 1_024) \(units[unit])"
    }
}
