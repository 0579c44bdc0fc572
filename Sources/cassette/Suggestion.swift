import ArgumentParser

/// What somebody meant who typed something close to it.
enum Suggestion {
    /// Letters that may differ, be missing, or stand in each other's place.
    private static let distanceLimit = 2

    /// The word of `known` that is nearest to `typed`; `nil` when none is near.
    static func nearest(to typed: String, in known: [String]) -> String? {
        let typed = Array(typed.lowercased().utf8)
        var best: (word: String, distance: Int)?
        for word in known {
            let letters = Array(word.lowercased().utf8)
            guard abs(letters.count - typed.count) <= distanceLimit else { continue }
            let distance = distance(typed, letters)
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

extension Cassette {
    /// Complains about a first word that is no command, with the command that it resembles.
    static func checkCommand(_ arguments: [String]) throws {
        let names = configuration.subcommands.compactMap { $0.configuration.commandName }
        guard let typed = arguments.first, !typed.hasPrefix("-"), typed != "help", !names.contains(typed) else {
            return
        }
        let hint = Suggestion.nearest(to: typed, in: names).map { ": did you mean '\($0)'?" }
        throw ValidationError("There is no command '\(typed)'" + (hint ?? ", only \(names.joined(separator: ", "))"))
    }
}
