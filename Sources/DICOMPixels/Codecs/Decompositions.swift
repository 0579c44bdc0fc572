/// How often an image is halved.
enum Decompositions {
    /// Five times as is usual, more for the smallest to fit 64 by 64 (PS3.5 10.18), fewer where that leaves single rows or
    /// columns: OpenJPEG refuses to halve those, and OpenJPH 0.9 transforms two rows to other samples.
    static func count(columns: Int, rows: Int) -> Int {
        let shortest = min(columns, rows)
        var count = 0
        // No side has more than 16 bits.
        while count < 5 || max(columns, rows) > 64 << count, 4 << count <= shortest { count += 1 }
        return count
    }
}
