import DICOMCore

/// An edit on its way through a Data Set: how many steps of its path are behind it.
struct ActiveEdit: Sendable {
    /// Its place in the list of edits.
    let number: Int
    let edit: AttributeEdit
    /// The step that is looked for in the Data Set at hand.
    let step: Int

    var name: AttributeName { edit.path.steps[step].name }
    var items: AttributePath.Items? { edit.path.steps[step].items }
    var isLast: Bool { step == edit.path.steps.count - 1 }
    var next: ActiveEdit { ActiveEdit(number: number, edit: edit, step: step + 1) }

    /// Whether it makes what is missing on its way: the path has the position of each item.
    var canCreate: Bool {
        guard case .set = edit.action else { return false }
        return edit.path.steps[step...].dropLast().allSatisfy { $0.items != .all }
    }

    static func all(_ edits: [AttributeEdit]) -> [ActiveEdit] {
        edits.enumerated().map { ActiveEdit(number: $0.offset, edit: $0.element, step: 0) }
    }
}

/// What is to happen to one attribute of a Data Set or item.
struct TagEdits: Sendable {
    let tag: Tag
    /// What happens to the attribute as a whole; the last of several.
    private(set) var whole: ActiveEdit?
    /// What happens to its items, or inside of them.
    private(set) var inside: [ActiveEdit] = []

    init(tag: Tag) {
        self.tag = tag
    }

    mutating func take(_ edit: ActiveEdit) throws(EditError) {
        if edit.isLast, edit.items == nil { whole = edit } else { inside.append(edit) }
        guard whole == nil || inside.isEmpty else { throw EditError(.conflictingEdits, edit.edit.path.description) }
    }

    /// What happens to the item at a position: all of it, or what is inside.
    func item(_ position: Int) throws(EditError) -> (whole: ActiveEdit?, inside: [ActiveEdit]) {
        var whole: ActiveEdit?
        var within: [ActiveEdit] = []
        for edit in inside where edit.items?.contains(position) == true {
            if edit.isLast { whole = edit } else { within.append(edit.next) }
            guard whole == nil || within.isEmpty else {
                throw EditError(.conflictingEdits, edit.edit.path.description)
            }
        }
        return (whole, within)
    }

    /// The edits of each item that is to be added behind those that are there, in order.
    func newItems(after count: Int) throws(EditError) -> [[ActiveEdit]] {
        var edits: [Int: [ActiveEdit]] = [:]
        for edit in inside where !edit.isLast && edit.canCreate {
            if case .index(let index) = edit.items, index >= count { edits[index, default: []].append(edit.next) }
        }
        var items: [[ActiveEdit]] = []
        for (position, index) in edits.keys.sorted().enumerated() {
            guard index == count + position, let item = edits[index] else {
                throw EditError(.noSuchItem, edits[index]?.first?.edit.path.description)
            }
            items.append(item)
        }
        return items
    }
}

/// The edits of one Data Set or item, sorted by attribute.
struct LevelEdits: Sendable {
    /// In ascending order of tag.
    private(set) var tags: [TagEdits] = []
    /// Blocks that have to be reserved for attributes that are new.
    private(set) var reservations: [(tag: Tag, creator: String)] = []
    /// The character set of what is written: a new one if an edit declares one.
    private(set) var characterSet: SpecificCharacterSet

    /// Sorts edits.
    ///
    /// - Parameters:
    ///   - blocks: The reservations of the Data Set.
    ///   - characterSet: That of its text, which edits of Specific Character Set relabel.
    init(_ edits: [ActiveEdit], _ blocks: PrivateBlocks, _ characterSet: SpecificCharacterSet) throws(EditError) {
        self.characterSet = characterSet
        var blocks = blocks
        var byTag: [Tag: TagEdits] = [:]
        for edit in edits {
            guard let tag = try Self.tag(of: edit, &blocks, &reservations) else { continue }
            var edits = byTag[tag] ?? TagEdits(tag: tag)
            try edits.take(edit)
            byTag[tag] = edits
        }
        tags = byTag.values.sorted { $0.tag < $1.tag }
        guard let declared = byTag[.specificCharacterSet]?.whole?.edit.action else { return }
        switch declared {
        case .set(.text(let terms, _)): self.characterSet = SpecificCharacterSet(terms: terms)
        case .set(.encoded(let value, _)):
            let element = DataElement(tag: .specificCharacterSet, vr: .cs, value: value)
            self.characterSet = SpecificCharacterSet(terms: element.strings(.ascii))
        case .remove, .empty: self.characterSet = .ascii
        }
    }

    /// The tag that an edit means here; `nil` for a private attribute that is not here and does not come.
    private static func tag(
        of edit: ActiveEdit,
        _ blocks: inout PrivateBlocks,
        _ reservations: inout [(tag: Tag, creator: String)]
    ) throws(EditError) -> Tag? {
        if let tag = edit.name.tag(in: blocks) { return tag }
        guard edit.canCreate, case .privateElement(let group, let creator, _) = edit.name else { return nil }
        guard let block = blocks.freeBlock(group: group) else {
            throw EditError(.noFreeBlock, edit.edit.path.description)
        }
        let tag = Tag(group: group, element: UInt16(block))
        blocks.reserve(tag, for: creator)
        reservations.append((tag, creator))
        return edit.name.tag(in: blocks)
    }
}
