/// What somebody meant who typed something close to it.
public enum Spelling {
    /// Letters that may differ, be missing, or stand in each other's place.
    private static let distanceLimit = 2
    /// Longer texts resemble nothing.
    private static let lengthLimit = 128

    /// The word of `known` that is nearest to `typed`, whatever their case; `nil` when none is near.
    public static func nearest(to typed: String, in known: some Sequence<String>) -> String? {
        guard typed.utf8.count <= lengthLimit else { return nil }
        let typed = Array(typed.lowercased().utf8)
        var best: (word: String, distance: Int)?
        for word in known where abs(word.utf8.count - typed.count) <= distanceLimit {
            let distance = distance(typed, Array(word.lowercased().utf8))
            if distance <= distanceLimit, distance < best?.distance ?? .max { best = (word, distance) }
        }
        return best?.word
    }

    /// How many letters must change: Damerau's distance with adjacent letters swapped.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var next = [row + 1]
            for (column, other) in right.enumerated() {
                let same = letter == other ? 0 : 1
                var cost = min(last[column + 1] + 1, next[column] + 1, last[column] + same)
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                next.append(cost)
            }
            beforeLast = last
            last = next
        }
        return last[right.count]
    }
}
