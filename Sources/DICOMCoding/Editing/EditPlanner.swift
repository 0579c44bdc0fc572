import DICOMCore
import NIOCore

/// Turns edits into the splices that do them, with the outline of the Data Set at hand.
///
/// Lengths around what changes follow: of items, sequences, and groups where the Data Set tells them.
struct EditPlanner {
    /// A Data Set or item whose edits are still to be looked at.
    private struct Visit {
        let level: Int
        let edits: [ActiveEdit]
        /// The character sets of the Data Set around it: as it is, and as new text is written.
        let present: SpecificCharacterSet
        let written: SpecificCharacterSet
        /// The attribute of the outermost Data Set that it is in.
        let top: Tag?
    }

    let outline: DataSetOutline
    let options: EditOptions
    /// The wanted attributes of the outermost Data Set as they were.
    let kept: DataSet
    /// How many places each edit has changed.
    private(set) var counts: [Int]
    /// Previous values that were too long to be noted.
    private(set) var unrecorded: [Tag] = []
    private var splices = SpliceList()
    private var visits: [Visit] = []
    private var changed: Set<Tag> = []

    init(_ edits: [AttributeEdit], _ options: EditOptions, _ outline: DataSetOutline, kept: DataSet) {
        self.outline = outline
        self.options = options
        self.kept = kept
        counts = [Int](repeating: 0, count: edits.count)
        visits = [Visit(level: 0, edits: ActiveEdit.all(edits), present: .ascii, written: .ascii, top: nil)]
    }

    private var isUTF8: Bool { options.characterSet == .utf8 }

    mutating func plan() throws(EditError) -> DataSetPatch {
        while let visit = visits.popLast() { try follow(visit) }
        if let originalAttributes = options.originalAttributes { try note(originalAttributes) }
        return try splices.patch(outline)
    }

    private mutating func follow(_ visit: Visit) throws(EditError) {
        let level = outline.levels[visit.level]
        let own = level.characterSetTerms.map { SpecificCharacterSet(terms: $0) }
        let present = own ?? visit.present
        let edits = try LevelEdits(visit.edits, level.blocks, isUTF8 ? .utf8 : own ?? visit.written)
        let isRelabelled = edits.tags.contains { $0.tag == .specificCharacterSet }
        guard !isUTF8 || !isRelabelled else { throw EditError(.conflictingEdits, "SpecificCharacterSet") }
        for reservation in edits.reservations {
            let creator = try DataSet.reservation(reservation.tag, reservation.creator, edits.characterSet)
            try insert(creator, in: visit.level)
        }
        let wanted = Set(edits.tags.map(\.tag))
        var places: [Tag: [Int]] = [:]
        for number in level.elements where wanted.contains(outline.elements[number].tag) {
            places[outline.elements[number].tag, default: []].append(number)
        }
        for tagEdits in edits.tags {
            let here = places[tagEdits.tag] ?? []
            if let whole = tagEdits.whole {
                try apply(whole, to: tagEdits.tag, here, visit, edits.characterSet)
            } else {
                let inner = Visit(
                    level: visit.level,
                    edits: [],
                    present: present,
                    written: edits.characterSet,
                    top: visit.top
                )
                try applyInside(tagEdits, here, inner)
            }
        }
        if isUTF8 { try turnIntoUTF8(visit, present, edited: wanted) }
    }

    // MARK: An attribute as a whole

    private mutating func apply(
        _ edit: ActiveEdit,
        to tag: Tag,
        _ places: [Int],
        _ visit: Visit,
        _ characterSet: SpecificCharacterSet
    ) throws(EditError) {
        let first = places.first.map { outline.elements[$0] }
        switch edit.edit.action {
        case .remove:
            for number in places { removeElement(number) }
            if !places.isEmpty { didChange(edit, tag, visit) }
            return
        case .empty:
            guard let first else { return }
            if first.end > first.valueOffset {
                let field = outline.lengthField(of: first)
                let zeros = ByteBuffer(repeating: 0, count: Int(field.upperBound - field.lowerBound))
                splices.add(field.lowerBound..<first.end, zeros, of: first)
                didChange(edit, tag, visit)
            }
        case .set(let value):
            let new = EditedValue(name: edit.name, tag: tag, existingVR: first?.vr, characterSet: characterSet)
            let element = try new.element(value)
            guard let number = places.first, let first else {
                try insert(element, in: visit.level)
                counts[edit.number] += 1
                return
            }
            if element.vr != first.vr || element.bytes == nil || element.bytes != outline.values[number] {
                splices.add(first.offset..<first.end, try encoded(element, in: visit.level), of: first)
                didChange(edit, tag, visit)
            }
        }
        for number in places.dropFirst() { removeElement(number) }
        if places.count > 1 { changed.insert(visit.top ?? tag) }
    }

    private mutating func didChange(_ edit: ActiveEdit, _ tag: Tag, _ visit: Visit) {
        counts[edit.number] += 1
        changed.insert(visit.top ?? tag)
    }

    private mutating func removeElement(_ number: Int) {
        let element = outline.elements[number]
        splices.add(element.offset..<element.end, ByteBuffer(), of: element)
    }

    private mutating func insert(_ element: DataElement, in number: Int) throws(EditError) {
        let level = outline.levels[number]
        let next = level.elements.first { outline.elements[$0].tag > element.tag }
        let offset = next.map { outline.elements[$0].offset } ?? level.contentEnd
        splices.insert(try encoded(element, in: number), at: offset, level: number, level.depth, element.tag)
    }

    // MARK: Inside of a sequence

    private mutating func applyInside(
        _ edits: TagEdits,
        _ places: [Int],
        _ visit: Visit
    ) throws(EditError) {
        guard let number = places.first else {
            let items = try newItems(edits.newItems(after: 0), visit.written)
            if !items.isEmpty { try insert(.sequence(edits.tag, items), in: visit.level) }
            return
        }
        let first = outline.elements[number]
        guard first.isSequence else {
            guard first.end == first.valueOffset else {
                throw EditError(.notASequence, edits.inside.first?.edit.path.description)
            }
            let items = try newItems(edits.newItems(after: 0), visit.written)
            guard !items.isEmpty else { return }
            let sequence = try encoded(.sequence(edits.tag, items), in: visit.level)
            splices.add(first.offset..<first.end, sequence, of: first)
            changed.insert(visit.top ?? edits.tag)
            return
        }
        for number in places where outline.elements[number].isSequence {
            try applyToItems(edits, of: number, visit)
        }
        let items = try newItems(edits.newItems(after: first.items.count), visit.written)
        guard !items.isEmpty else { return }
        for (position, item) in items.enumerated() {
            try append(item, to: number, order: position)
        }
        changed.insert(visit.top ?? edits.tag)
    }

    private mutating func applyToItems(_ edits: TagEdits, of number: Int, _ visit: Visit) throws(EditError) {
        let sequence = outline.elements[number]
        for (position, level) in sequence.items.enumerated() {
            let change = try edits.item(position)
            let item = outline.levels[level]
            if let whole = change.whole {
                if whole.edit.action == .remove {
                    splices.removeItem(item.offset..<item.end, of: number)
                } else if item.contentEnd > item.contentStart {
                    splices.removeContent(item.contentStart..<item.contentEnd, of: level)
                } else {
                    continue
                }
                didChange(whole, sequence.tag, visit)
            } else if isUTF8 || !change.inside.isEmpty {
                visits.append(
                    Visit(
                        level: level,
                        edits: change.inside,
                        present: visit.present,
                        written: visit.written,
                        top: visit.top ?? sequence.tag
                    )
                )
            }
        }
    }

    private mutating func newItems(
        _ additions: [[ActiveEdit]],
        _ characterSet: SpecificCharacterSet
    ) throws(EditError) -> [DataSet] {
        var items: [DataSet] = []
        for edits in additions {
            items.append(try DataSet().applying(edits, inheriting: characterSet))
            for edit in edits { counts[edit.number] += 1 }
        }
        return items
    }

    private mutating func append(_ item: DataSet, to number: Int, order: Int) throws(EditError) {
        let sequence = outline.elements[number]
        let encoding = sequence.itemEncoding ?? outline.levels[sequence.level].encoding
        let content = try Self.encoded(item, encoding)
        var bytes = ByteBuffer()
        let endianness: Endianness = encoding.isBigEndian ? .big : .little
        bytes.writeInteger(Tag.item.group, endianness: endianness)
        bytes.writeInteger(Tag.item.element, endianness: endianness)
        bytes.writeInteger(UInt32(content.readableBytes), endianness: endianness)
        bytes.writeImmutableBuffer(content)
        let depth = outline.levels[sequence.level].depth
        splices.append(bytes, at: sequence.contentEnd, to: number, depth, order)
    }

    // MARK: Character set

    /// Turns the text of a level that no edit sets, and visits the items that no edit leads into.
    private mutating func turnIntoUTF8(
        _ visit: Visit,
        _ present: SpecificCharacterSet,
        edited: Set<Tag>
    ) throws(EditError) {
        let level = outline.levels[visit.level]
        for number in level.elements {
            let element = outline.elements[number]
            // The declaration and group lengths are written anew, whatever VR they came with.
            guard !edited.contains(element.tag), element.tag != .specificCharacterSet, !element.tag.isGroupLength
            else { continue }
            if element.isSequence {
                for item in element.items {
                    visits.append(
                        Visit(
                            level: item,
                            edits: [],
                            present: present,
                            written: .utf8,
                            top: visit.top ?? element.tag
                        )
                    )
                }
            } else if element.vr.usesSpecificCharacterSet, let value = outline.values[number] {
                try turnIntoUTF8(element, value, present, in: visit.level)
            }
        }
        guard visit.level == 0 || level.characterSetTerms != nil else { return }
        let declaration = DataElement.text(.specificCharacterSet, .cs, "ISO_IR 192")
        guard level.characterSetTerms != ["ISO_IR 192"] else { return }
        if let number = outline.first(.specificCharacterSet, in: visit.level) {
            let element = outline.elements[number]
            splices.add(element.offset..<element.end, try encoded(declaration, in: visit.level), of: element)
            changed.insert(visit.top ?? .specificCharacterSet)
        } else {
            try insert(declaration, in: visit.level)
        }
    }

    private mutating func turnIntoUTF8(
        _ element: DataSetOutline.Element,
        _ value: ByteBuffer,
        _ present: SpecificCharacterSet,
        in level: Int
    ) throws(EditError) {
        guard value.readableBytesView.contains(where: { $0 >= 0x80 || $0 == 0x1B }) else { return }
        let decoded = present.decoded(value.readableBytesView, element.vr)
        guard decoded.isExact else {
            throw EditError(.undecodableText, AttributeName.tag(element.tag).description)
        }
        var bytes = ByteBuffer(string: decoded.text)
        if bytes.readableBytes % 2 == 1 { bytes.writeInteger(element.vr.padding) }
        guard bytes != value else { return }
        let turned = DataElement(tag: element.tag, vr: element.vr, value: .bytes(bytes))
        splices.add(element.offset..<element.end, try encoded(turned, in: level), of: element)
    }

    // MARK: Previous values

    private mutating func note(_ originalAttributes: OriginalAttributes) throws(EditError) {
        guard !changed.isEmpty else { return }
        guard !changed.contains(.originalAttributesSequence) else {
            throw EditError(.notEditable, "OriginalAttributesSequence")
        }
        var previous = DataSet()
        for element in kept.elements where changed.contains(element.tag) {
            if Self.hasBulk(element) { unrecorded.append(element.tag) } else { previous.set(element) }
        }
        let terms = outline.levels[0].characterSetTerms ?? []
        let written = isUTF8 ? .utf8 : SpecificCharacterSet(terms: terms)
        let item = try originalAttributes.item(previous, written)
        if let number = outline.first(.originalAttributesSequence, in: 0), outline.elements[number].isSequence {
            try append(item, to: number, order: 0)
        } else {
            try insert(.sequence(.originalAttributesSequence, [item]), in: 0)
        }
    }

    private static func hasBulk(_ element: DataElement) -> Bool {
        var pending = [element]
        while let next = pending.popLast() {
            switch next.value {
            case .bulk: return true
            case .items(let items): pending += items.flatMap(\.elements)
            case .bytes: break
            }
        }
        return false
    }

    // MARK: Encoding

    private func encoded(_ element: DataElement, in level: Int) throws(EditError) -> ByteBuffer {
        try Self.encoded(DataSet([element]), outline.levels[level].encoding)
    }

    private static func encoded(
        _ dataSet: DataSet,
        _ encoding: DataSetOutline.Encoding
    ) throws(EditError) -> ByteBuffer {
        if !encoding.isImplicitVR {
            for element in dataSet.elements where !element.vr.hasLongLength {
                // The longest even length that 16 bits tell (PS3.5 7.1.2).
                guard (element.bytes?.readableBytes ?? 0) <= 0xFFFE else {
                    throw EditError(.valueTooLong, AttributeName.tag(element.tag).description)
                }
            }
        }
        do {
            return try DataSetEncoder.encode(dataSet, in: encoding.transferSyntax)
        } catch {
            throw EditError(error)
        }
    }
}
