public import DICOMCore
import NIOCore

extension DataSet {
    /// The Data Set with edits done.
    ///
    /// Text is written in the Data Set's own character set. A stored object is better edited with ``DataSetEditor``, which
    /// keeps the encoding of everything that does not change.
    ///
    /// - Throws: ``EditError`` when an edit cannot be done; then none is.
    public func applying(_ edits: [AttributeEdit]) throws(EditError) -> DataSet {
        try applying(ActiveEdit.all(edits), inheriting: .ascii)
    }

    /// Descends along the paths only, which are no longer than their limit.
    func applying(
        _ edits: [ActiveEdit],
        inheriting outer: SpecificCharacterSet
    ) throws(EditError) -> DataSet {
        guard !edits.isEmpty else { return self }
        let characterSet = specificCharacterSet(inheriting: outer)
        let level = try LevelEdits(edits, privateBlocks, characterSet)
        var result = self
        for reservation in level.reservations {
            result.set(try Self.reservation(reservation.tag, reservation.creator, level.characterSet))
        }
        for edits in level.tags {
            if let whole = edits.whole {
                try result.apply(whole, to: edits.tag, level.characterSet)
            } else {
                try result.applyInside(edits, level.characterSet)
            }
        }
        return result
    }

    /// The element that reserves a block for a creator.
    static func reservation(
        _ tag: Tag,
        _ creator: String,
        _ characterSet: SpecificCharacterSet
    ) throws(EditError) -> DataElement {
        let value = EditedValue(name: .tag(tag), tag: tag, existingVR: nil, characterSet: characterSet)
        return try value.element(.text([creator], vr: .lo))
    }

    /// Which creators have reserved which blocks.
    public var privateBlocks: PrivateBlocks {
        var blocks = PrivateBlocks()
        for element in elements where element.tag.isPrivateCreator {
            let creator = DataElement(tag: element.tag, vr: .lo, value: element.value)
            blocks.reserve(element.tag, for: creator.strings(.ascii).first ?? "")
        }
        return blocks
    }

    private mutating func apply(
        _ edit: ActiveEdit,
        to tag: Tag,
        _ characterSet: SpecificCharacterSet
    ) throws(EditError) {
        switch edit.edit.action {
        case .remove: remove(tag)
        case .empty:
            guard let existing = self[tag] else { return }
            let isSequence: Bool
            if case .items = existing.value { isSequence = true } else { isSequence = false }
            set(DataElement(tag: tag, vr: existing.vr, value: isSequence ? .items([]) : .bytes(ByteBuffer())))
        case .set(let value):
            let new = EditedValue(
                name: edit.name,
                tag: tag,
                existingVR: self[tag]?.vr,
                characterSet: characterSet
            )
            set(try new.element(value))
        }
    }

    private mutating func applyInside(
        _ edits: TagEdits,
        _ characterSet: SpecificCharacterSet
    ) throws(EditError) {
        let existing = self[edits.tag]
        var items: [DataSet] = []
        switch existing?.value {
        case .items(let present): items = present
        case .bytes(let bytes) where bytes.readableBytes > 0: throw notASequence(edits)
        case .bulk: throw notASequence(edits)
        case .bytes, .none: break
        }
        let additions = try edits.newItems(after: items.count)
        guard existing != nil || !additions.isEmpty else { return }
        var result: [DataSet] = []
        for (position, item) in items.enumerated() {
            let change = try edits.item(position)
            switch change.whole?.edit.action {
            case .remove: continue
            case .empty: result.append(DataSet())
            case .set, .none: result.append(try item.applying(change.inside, inheriting: characterSet))
            }
        }
        for addition in additions {
            result.append(try DataSet().applying(addition, inheriting: characterSet))
        }
        if case .bytes = existing?.value, additions.isEmpty { return }
        set(.sequence(edits.tag, result))
    }

    private func notASequence(_ edits: TagEdits) -> EditError {
        EditError(.notASequence, edits.inside.first?.edit.path.description)
    }
}
