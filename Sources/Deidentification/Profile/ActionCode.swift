/// An action code of PS3.15 Table E.1-1a as the tables print it, compound ones included.
enum ActionCode: String, Sendable, Hashable {
    case remove = "X"
    case empty = "Z"
    case dummy = "D"
    case mapUID = "U"
    case emptyOrDummy = "Z/D"
    case removeOrEmpty = "X/Z"
    case removeOrDummy = "X/D"
    case removeOrEmptyOrDummy = "X/Z/D"
    case removeOrEmptyOrMapUID = "X/Z/U*"

    /// The one action that a plain code means; `nil` for those that the type of the attribute decides.
    var plain: AttributeAction? {
        switch self {
        case .remove: .remove
        case .empty: .empty
        case .dummy: .dummy
        case .mapUID: .mapUID
        case .emptyOrDummy, .removeOrEmpty, .removeOrDummy, .removeOrEmptyOrDummy, .removeOrEmptyOrMapUID: nil
        }
    }

    /// What keeps every object valid, whatever the type of the attribute in it: as if it were of type 1.
    var strongest: AttributeAction {
        switch self {
        case .remove: .remove
        case .empty, .removeOrEmpty: .empty
        case .dummy, .emptyOrDummy, .removeOrDummy, .removeOrEmptyOrDummy: .dummy
        case .mapUID, .removeOrEmptyOrMapUID: .mapUID
        }
    }
}

/// What the options say of one attribute or concept, and what holds without them.
struct ActionRow: Sendable, Hashable {
    let basic: ActionCode
    let keeping: Set<DeidentificationOption>
    let cleaning: Set<DeidentificationOption>

    /// Reads the letters of the option columns: `K`, `C` or `-` for each.
    init?(basic: Substring.UTF8View, letters: Substring.UTF8View, columns: [DeidentificationOption]) {
        guard let code = ActionCode(rawValue: String(Substring(basic))), letters.count == columns.count else {
            return nil
        }
        self.basic = code
        var keeping: Set<DeidentificationOption> = []
        var cleaning: Set<DeidentificationOption> = []
        for (letter, option) in zip(letters, columns) {
            switch letter {
            case UInt8(ascii: "K"): keeping.insert(option)
            case UInt8(ascii: "C"): cleaning.insert(option)
            default: break
            }
        }
        self.keeping = keeping
        self.cleaning = cleaning
    }

    /// What the chosen options demand; `nil` where none speaks of it.
    ///
    /// An option that retains is stronger than one that cleans: who asks for both wants the value. But a date that moves
    /// is not kept for the sake of a device: its interval to the other dates would tell them all.
    func overruled(by options: Set<DeidentificationOption>) -> AttributeAction? {
        let moves = cleaning.contains(.retainLongitudinalModifiedDates)
        if moves, options.contains(.retainLongitudinalModifiedDates) { return .clean }
        if !keeping.isDisjoint(with: options) { return .keep }
        return cleaning.isDisjoint(with: options) ? nil : .clean
    }
}
