import DICOMCore
import NIOCore

/// Makes the new header of an object: goes through all elements, nested ones included, without recursion.
///
/// Only what the profile decided to keep is ever put into the new header.
struct HeaderTransformer {
    /// A sequence that is being gone through; the outermost Data Set counts as the only item of one.
    struct Level {
        let tag: Tag
        let items: [DataSet]
        /// Whether nothing of the items may stay but their form.
        let isDummy: Bool
        /// That of the Data Set around the sequence.
        let outerCharacterSet: SpecificCharacterSet
        var item = 0
        var element = 0
        var characterSet: SpecificCharacterSet
        var blocks = PrivateBlocks()
        /// The private creators of the item, of which those with elements that stay stay.
        var creators: [Tag: DataElement] = [:]
        var concept: ProfiledElement.Concept?
        var output: [DataElement] = []
        var outputItems: [DataSet] = []
    }

    let profile: DeidentificationProfile
    let values: ValueRewriter
    let sopClassUID: UID?
    /// Whether content items point at each other by their numbers, so that none may go.
    let keepsItemNumbers: Bool

    private(set) var actions: [ActionRecord: Int] = [:]
    private var open: [Level] = []
    /// The sequences that are open, outermost first.
    private var path: [Tag] = []
    private(set) var replacesContent = false

    init(
        profile: DeidentificationProfile,
        values: ValueRewriter,
        sopClassUID: UID?,
        keepsItemNumbers: Bool
    ) {
        self.profile = profile
        self.values = values
        self.sopClassUID = sopClassUID
        self.keepsItemNumbers = keepsItemNumbers
    }

    /// The new form of a Data Set.
    mutating func transform(_ header: DataSet) -> DataSet {
        open = [
            Level(
                tag: .item,
                items: [header],
                isDummy: false,
                outerCharacterSet: .ascii,
                characterSet: header.specificCharacterSet
            )
        ]
        var result = DataSet()
        while let level = open.last {
            let elements = level.items[level.item].elements
            guard level.element < elements.count else {
                if let ended = endItem() { result = ended }
                continue
            }
            open[open.count - 1].element += 1
            take(elements[level.element])
        }
        return result
    }

    // MARK: Items

    private mutating func begin(_ tag: Tag, _ items: [DataSet], isDummy: Bool) {
        let outer = open.last?.characterSet ?? .ascii
        open.append(
            Level(tag: tag, items: items, isDummy: isDummy, outerCharacterSet: outer, characterSet: outer)
        )
        path.append(tag)
        beginItem()
    }

    /// Begins the next item that does not go as a whole; the sequence ends when there is none.
    private mutating func beginItem() {
        while let level = open.last {
            guard level.item < level.items.count else { return endSequence() }
            let item = level.items[level.item]
            let top = open.count - 1
            open[top].element = 0
            open[top].blocks = PrivateBlocks()
            open[top].creators = [:]
            open[top].output = []
            open[top].characterSet = item.specificCharacterSet(inheriting: level.outerCharacterSet)
            open[top].concept = ContentItem.concept(of: item)
            guard let concept = open[top].concept, profile.action(for: concept) == .remove else { return }
            actions[ActionRecord(path: path, action: .remove, reason: .concept), default: 0] += 1
            if keepsItemNumbers { open[top].outputItems.append(ContentItem.dummy(like: item)) }
            open[top].item += 1
        }
    }

    /// Ends the item; returns it if it was the outermost Data Set.
    private mutating func endItem() -> DataSet? {
        guard let level = open.last else { return nil }
        let used = Set(level.output.filter { $0.tag.isPrivate }.map { Self.creatorTag(of: $0.tag) })
        let creators = used.compactMap { level.creators[$0] }
        let item = DataSet(level.output + creators)
        guard open.count > 1 else {
            open = []
            return item
        }
        open[open.count - 1].outputItems.append(item)
        open[open.count - 1].item += 1
        beginItem()
        return nil
    }

    private mutating func endSequence() {
        guard let level = open.popLast() else { return }
        path.removeLast()
        // Content Sequence is there only where there are items (PS3.3 C.17.3).
        guard !level.outputItems.isEmpty || level.tag != .contentSequence else { return }
        var items = level.outputItems
        // At least one step has to be told of a preparation (PS3.3 C.7.6.22.2).
        if items.isEmpty, level.tag == .specimenPreparationStepContentItemSequence, let first = level.items.first {
            items = [ContentItem.dummy(like: first)]
        }
        put(.sequence(level.tag, items))
    }

    // MARK: Elements

    private mutating func take(_ element: DataElement) {
        guard let level = open.last else { return }
        let top = open.count - 1
        if element.tag.isPrivateCreator {
            guard case .bytes = element.value else { return record(element.tag, .remove, .privateElement) }
            let name = element.strings(.ascii).first ?? ""
            open[top].blocks.reserve(element.tag, for: name)
            // Written anew: what stands behind the name does not go with it.
            open[top].creators[element.tag] = .text(element.tag, .lo, name)
            return
        }
        if path.isEmpty, RequiredAttributes.tags.contains(element.tag) { return }
        if element.tag == .specificCharacterSet { return takeCharacterSet(element) }
        guard !Self.isGraphics(element.tag) else { return record(element.tag, .remove, .graphics) }
        let profiled = ProfiledElement(
            tag: element.tag,
            vr: element.vr,
            privateCreator: level.blocks.creator(of: element.tag),
            path: path,
            sopClassUID: sopClassUID,
            concept: level.concept
        )
        var action = profile.action(for: profiled)
        if level.isDummy { action = DummyItem.action(action, element) }
        take(element, action, profiled)
    }

    private mutating func take(_ element: DataElement, _ action: AttributeAction, _ profiled: ProfiledElement) {
        let reason = reason(for: profiled)
        switch element.value {
        case .items(let items): takeSequence(element.tag, items, action, reason)
        case .bytes(let bytes) where element.vr == .sq && bytes.readableBytes == 0:
            takeSequence(element.tag, [], action, reason)
        case .bulk: takeBulk(element, action, reason)
        case .bytes:
            // A value in the place of a sequence, or one that nobody can tell the meaning of.
            guard element.vr != .sq, element.vr != .un || action == .remove else {
                return record(element.tag, .remove, .malformed)
            }
            put(
                values.rewrite(
                    element,
                    action,
                    fallback: profile.actionWithoutCleaning(for: profiled),
                    reason: reason,
                    open.last?.characterSet ?? .ascii
                ),
                element.tag
            )
        }
    }

    private mutating func takeSequence(
        _ tag: Tag,
        _ items: [DataSet],
        _ action: AttributeAction,
        _ reason: ActionRecord.Reason
    ) {
        // References that must not be missing lead to the new objects: "Z" allows a value that says nothing.
        let isMapped = action == .empty && profile.mayMapReferences(tag) && open.last?.isDummy != true
        let action = isMapped ? .mapUID : action
        record(tag, action, reason)
        switch action {
        case .remove: return
        case .empty: put(.empty(tag, .sq))
        case .dummy where tag == .contentSequence:
            replacesContent = true
            put(.sequence(tag, [DummyValue.contentItem]))
        case .dummy where tag == .graphicAnnotationSequence:
            let layer = items.first.flatMap { $0.string(.graphicLayer) } ?? DummyValue.text
            put(.sequence(tag, [DummyValue.graphicAnnotation(layer: layer)]))
        case .dummy, .clean, .keep, .mapUID:
            guard !items.isEmpty else { return put(.empty(tag, .sq)) }
            begin(tag, items, isDummy: action == .dummy || open.last?.isDummy == true)
        }
    }

    private mutating func takeBulk(_ element: DataElement, _ action: AttributeAction, _ reason: ActionRecord.Reason) {
        switch action {
        case .keep where !element.vr.isText && element.vr != .un:
            put(element)
            record(element.tag, .keep, reason)
        case .keep, .clean:
            put(.empty(element.tag, element.vr == .un ? .ob : element.vr))
            record(element.tag, .empty, .tooLong)
        case .remove, .mapUID: record(element.tag, .remove, reason)
        case .empty, .dummy:
            put(
                values.rewrite(element, action, fallback: action, reason: reason, open.last?.characterSet ?? .ascii),
                element.tag
            )
        }
    }

    /// Only terms that the standard defines, as it spells them: a term could be any text.
    private mutating func takeCharacterSet(_ element: DataElement) {
        let terms = element.strings(.ascii)
        let defined = terms.map { $0.isEmpty ? "" : SpecificCharacterSet.definedTerm(of: $0) }
        guard !defined.contains(nil), !terms.isEmpty else { return record(element.tag, .remove, .malformed) }
        put(.text(element.tag, .cs, defined.compactMap(\.self)))
        record(element.tag, .keep, .profile)
    }

    private mutating func put(_ outcome: ValueRewriter.Outcome, _ tag: Tag) {
        if let element = outcome.element { put(element) }
        record(tag, outcome.action, outcome.reason)
    }

    private mutating func put(_ element: DataElement) {
        open[open.count - 1].output.append(element)
    }

    private mutating func record(_ tag: Tag, _ action: AttributeAction, _ reason: ActionRecord.Reason) {
        actions[ActionRecord(path: path + [tag], action: action, reason: reason), default: 0] += 1
    }

    private func reason(for element: ProfiledElement) -> ActionRecord.Reason {
        if element.tag.isPrivate {
            return profile.action(for: element) == .keep ? .safePrivate : .privateElement
        }
        if let concept = element.concept, concept.isValue(element.tag),
            profile.action(for: concept) != nil
        {
            return .concept
        }
        return DataElementDictionary.vr(of: element.tag) == nil ? .unknown : .profile
    }

    /// Whether the element is of a curve or an overlay, of which nothing is told without a look at its picture.
    private static func isGraphics(_ tag: Tag) -> Bool {
        !tag.isPrivate && (tag.group & 0xFF00 == 0x5000 || tag.group & 0xFF00 == 0x6000)
    }

    /// The element that reserves the block of a private element.
    private static func creatorTag(of tag: Tag) -> Tag {
        Tag(group: tag.group, element: tag.element >> 8)
    }
}
