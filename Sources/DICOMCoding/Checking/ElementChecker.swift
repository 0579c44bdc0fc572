import DICOMCore
import NIOCore

/// Looks at the elements of a Data Set one by one: VR, multiplicity, values, who reserved a private one.
struct ElementChecker: Sendable {
    private struct Level: Sendable {
        var characterSet: SpecificCharacterSet
        var blocks = PrivateBlocks()
    }

    /// What the dictionary says of a tag, looked up once.
    private struct Facts: Sendable {
        let representations: [VR]
        let multiplicity: ValueMultiplicity?
    }

    /// Whether the VRs come from the Data Set and not from the dictionary.
    private let hasVRs: Bool
    private var levels = [Level(characterSet: .ascii)]
    private var path: [Tag] = []
    private var facts: [Tag: Facts] = [:]

    /// More tags are looked up each time they come.
    private static let factsLimit = 10_000

    init(hasVRs: Bool = true) {
        self.hasVRs = hasVRs
    }

    /// Whether the next token stands in the outermost Data Set.
    var isOutermost: Bool { path.isEmpty }

    /// What is wrong with the element that the token tells of; offsets count from the first byte of the Data Set.
    mutating func accept(_ token: DataSetToken) -> [Finding] {
        switch token {
        case .element(let header, let bytes):
            return checkHeader(header) + checkValue(header, bytes)
        case .beginBulk(let header), .beginFragments(let header):
            return checkHeader(header)
        case .beginSequence(let header):
            let found = checkHeader(header)
            path.append(header.tag)
            return found
        case .endSequence: if !path.isEmpty { path.removeLast() }
        case .beginItem: levels.append(Level(characterSet: levels.last?.characterSet ?? .ascii))
        case .endItem: if levels.count > 1 { levels.removeLast() }
        case .bulkBytes, .endBulk, .beginFragment, .endFragment, .endFragments: break
        }
        return []
    }

    private mutating func checkHeader(_ header: ElementHeader) -> [Finding] {
        let tag = header.tag
        if tag.isPrivate {
            let isMember = tag.element >= 0x1000
            guard isMember, levels.last?.blocks.creator(of: tag) == nil else { return [] }
            return [finding(.object(.unreservedPrivateElement), header)]
        }
        guard let facts = lookUp(tag) else { return [finding(.object(.unknownElement), header)] }
        // UN is not another VR: it says that the writer did not know.
        guard hasVRs, header.vr != .un, !facts.representations.isEmpty, !facts.representations.contains(header.vr)
        else { return [] }
        return [finding(.object(.otherVR), header)]
    }

    private mutating func checkValue(_ header: ElementHeader, _ bytes: ByteBuffer) -> [Finding] {
        let element = DataElement(tag: header.tag, vr: header.vr, value: .bytes(bytes))
        let level = levels.count - 1
        if header.tag == .specificCharacterSet {
            levels[level].characterSet = SpecificCharacterSet(terms: element.strings(.ascii))
        } else if header.tag.isPrivateCreator {
            let creator = DataElement(tag: header.tag, vr: .lo, value: .bytes(bytes))
            levels[level].blocks.reserve(header.tag, for: creator.strings(.ascii).first ?? "")
        }
        guard bytes.readableBytes > 0 else { return [] }
        var found = element.valueFaults(levels[level].characterSet).map { finding(.value($0.kind), header) }
        if let count = Self.valueCount(element, bytes, levels[level].characterSet),
            let multiplicity = lookUp(header.tag)?.multiplicity,
            !multiplicity.allows(count)
        {
            found.append(finding(.object(.badMultiplicity), header))
        }
        return found
    }

    private func finding(_ kind: Finding.Kind, _ header: ElementHeader) -> Finding {
        Finding(kind, at: header.offset, path: path + [header.tag])
    }

    /// How many values there are; `nil` where they are not counted.
    private static func valueCount(
        _ element: DataElement,
        _ bytes: ByteBuffer,
        _ characterSet: SpecificCharacterSet
    ) -> Int? {
        let vr = element.vr
        switch vr {
        case .lt, .st, .ur, .ut: return nil
        case .us, .ss, .ul, .sl, .uv, .sv, .fl, .fd: return bytes.readableBytes / vr.wordLength
        case .at: return bytes.readableBytes / 4
        case .ob, .od, .of, .ol, .ov, .ow, .sq, .un: return nil
        default: break
        }
        // Spaces alone are no value.
        guard bytes.readableBytesView.contains(where: { $0 != 0x20 && $0 != 0 }) else { return nil }
        // The second byte of a character may be that of a backslash.
        if vr.usesSpecificCharacterSet, bytes.readableBytesView.contains(where: { $0 >= 0x80 || $0 == 0x1B }) {
            return element.strings(characterSet).count
        }
        return 1 + bytes.readableBytesView.count { $0 == 0x5C }
    }

    /// What the standard says of a tag; what is known of private elements is no rule.
    private mutating func lookUp(_ tag: Tag) -> Facts? {
        if let known = facts[tag] { return known }
        guard let entry = DataElementDictionary.entry(for: tag) else { return nil }
        let found = Facts(representations: entry.representations, multiplicity: ValueMultiplicity(entry.vm))
        if facts.count < Self.factsLimit { facts[tag] = found }
        return found
    }
}
