/// Runs and literals: the byte coding of RLE Lossless (PS3.5 G.3).
enum PackBits {
    /// Unpacks a segment until the plane is full.
    ///
    /// What a segment has beyond that is padding, or a last run that some writers round up.
    ///
    /// - Returns: `false` when the segment ends before the plane is full.
    static func unpack(_ segment: UnsafeRawBufferPointer, into plane: UnsafeMutableRawBufferPointer) -> Bool {
        // Empty slices aside, both have an address; each access below is preceded by a comparison with both ends.
        let end = segment.count
        let length = plane.count
        guard let source = segment.baseAddress, let target = plane.baseAddress else { return length == 0 }
        var at = 0
        var filled = 0
        while filled < length {
            guard at < end else { return false }
            // `at` is inside the segment.
            let code = unsafe Int(source.load(fromByteOffset: at, as: Int8.self))
            at += 1
            if code >= 0 {
                let count = min(code + 1, length - filled)
                guard count <= end - at else { return false }
                // `count` bytes are left in both.
                unsafe (target + filled).copyMemory(from: source + at, byteCount: count)
                at += code + 1
                filled += count
            } else if code != -128 {
                guard at < end else { return false }
                let count = min(1 - code, length - filled)
                // `count` bytes are left in the plane, one in the segment.
                unsafe (target + filled).initializeMemory(
                    as: UInt8.self,
                    repeating: source.load(fromByteOffset: at, as: UInt8.self),
                    count: count
                )
                at += 1
                filled += count
            }
        }
        return true
    }

    /// Packs a row.
    ///
    /// - Parameter target: at least one byte more than the row for each 128 of it.
    /// - Returns: how many bytes were written.
    static func pack(_ row: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int {
        var used = 0
        var at = 0
        // Of bytes that are not in a run.
        var literal = 0
        while at < row.count {
            var end = at + 1
            // Both indices are below the row's length.
            while end < row.count, end - at < 128, unsafe row[end] == row[at] { end += 1 }
            // A run of two saves nothing, and splits literals around it.
            if end - at >= 3 || end - at == 2 && literal == at && end == row.count {
                // What `pack` promises of the target.
                unsafe flush(row, literal..<at, into: target, &used)
                // As above.
                unsafe target[used] = UInt8(truncatingIfNeeded: 1 - (end - at))
                // As above.
                unsafe target[used + 1] = row[at]
                used += 2
                literal = end
            }
            at = end
        }
        // As above.
        unsafe flush(row, literal..<row.count, into: target, &used)
        return used
    }

    private static func flush(
        _ row: UnsafeRawBufferPointer,
        _ range: Range<Int>,
        into target: UnsafeMutableRawBufferPointer,
        _ used: inout Int
    ) {
        var at = range.lowerBound
        while at < range.upperBound {
            let count = min(128, range.upperBound - at)
            // As `pack` promises.
            unsafe target[used] = UInt8(truncatingIfNeeded: count - 1)
            let piece = unsafe UnsafeRawBufferPointer(rebasing: row[at..<at + count])
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: target[(used + 1)...])
            // As above.
            unsafe rest.copyMemory(from: piece)
            used += 1 + count
            at += count
        }
    }
}
