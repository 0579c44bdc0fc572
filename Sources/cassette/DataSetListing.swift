import DICOMCoding
import DICOMCore
import NIOCore

/// A Data Set for people: a line for each element, sequences indented.
struct DataSetListing: DumpSink {
    /// A value that passes in pieces: what is shown of it in the end.
    private struct Passing {
        let header: ElementHeader
        var length: UInt64 = 0
        var opening = ByteBuffer()
        var fragmentCount = 0
        var tableLength: UInt32?
    }

    /// Characters of a value that a line shows.
    private static let valueLimit = 80
    private static let bulkLimit = 16
    private static let keywordWidth = 36

    private let name: String
    private let isFull: Bool
    private let colours: ListingColours
    private var items = OpenItems()
    private var passing: Passing?

    init(name: String, isFull: Bool, hasColours: Bool) {
        self.name = name
        self.isFull = isFull
        colours = ListingColours(isOn: hasColours)
    }

    mutating func begin(_ header: Part10Header, into output: inout OutputText) {
        let syntax = header.transferSyntax
        let known = UIDDictionary.name(of: syntax.uid).map { "\($0) (\(syntax.uid))" } ?? "\(syntax.uid)"
        output.write(colours.note("# \(Console.shown(name)): \(known)") + "\n")
        for quirk in header.quirks {
            output.write(colours.note("# " + quirk.kind.text) + "\n")
        }
        for element in header.fileMetaInformation.dataSet.elements { write(element, length: nil, into: &output) }
    }

    mutating func accept(_ token: DataSetToken, into output: inout OutputText) {
        switch token {
        case .element(let header, let bytes):
            let element = DataElement(tag: header.tag, vr: header.vr, value: .bytes(bytes))
            items.note(element)
            write(element, length: header.length, into: &output)
        case .beginSequence(let header):
            write(header.tag, header.vr, length: header.length, value: "", into: &output)
            items.beginSequence(header.tag)
        case .endSequence:
            items.endSequence()
        case .beginItem:
            items.beginItem()
            let indent = String(repeating: "  ", count: max(0, 2 * items.depth - 1))
            output.write(indent + colours.note("item \(items.itemNumber)") + "\n")
        case .endItem, .endFragment:
            break
        case .beginBulk(let header), .beginFragments(let header):
            passing = Passing(header: header)
        case .beginFragment(_, let length):
            if passing?.tableLength == nil { passing?.tableLength = length } else { passing?.fragmentCount += 1 }
        case .bulkBytes(let bytes):
            take(bytes)
        case .endBulk:
            endBulk(into: &output)
        case .endFragments:
            endFragments(into: &output)
        }
    }

    mutating func finish(quirks: [Quirk], of count: Int, into output: inout OutputText) {
        guard count > 0 else { return }
        let kinds = Set(quirks.map(\.kind)).sorted { $0.rawValue < $1.rawValue }.map(\.text)
        output.write(
            colours.note("# \(count) times not as the standard wants it: " + kinds.joined(separator: "; ")) + "\n"
        )
    }

    private mutating func take(_ bytes: ByteBuffer) {
        guard let shown = passing?.opening.readableBytes else { return }
        passing?.length += UInt64(bytes.readableBytes)
        let count = min(bytes.readableBytes, Self.bulkLimit + 1 - shown)
        if count > 0, let opening = bytes.getSlice(at: bytes.readerIndex, length: count) {
            passing?.opening.writeImmutableBuffer(opening)
        }
    }

    private mutating func endBulk(into output: inout OutputText) {
        guard let passing else { return }
        let value = "\(passing.length) bytes: " + Self.bytes(passing.opening, limit: Self.bulkLimit)
        write(passing.header.tag, passing.header.vr, length: passing.header.length, value: value, into: &output)
        self.passing = nil
    }

    private mutating func endFragments(into output: inout OutputText) {
        guard let passing else { return }
        let table = passing.tableLength ?? 0
        let frames = table > 0 ? "of \(table / 4) entries" : "empty"
        let bytes = passing.length - min(passing.length, UInt64(table))
        let value =
            "\(passing.fragmentCount) fragment\(passing.fragmentCount == 1 ? "" : "s"), \(bytes) bytes; offset table \(frames)"
        write(passing.header.tag, passing.header.vr, length: nil, isUndefined: true, value: value, into: &output)
        self.passing = nil
    }

    private func write(_ element: DataElement, length: UInt32?, into output: inout OutputText) {
        let bytes = element.bytes ?? ByteBuffer()
        let length = length ?? UInt32(clamping: bytes.readableBytes)
        write(element.tag, element.vr, length: length, value: value(of: element, bytes), into: &output)
    }

    private func write(
        _ tag: Tag,
        _ vr: VR,
        length: UInt32?,
        isUndefined: Bool = false,
        value: String,
        into output: inout OutputText
    ) {
        let indent = String(repeating: "  ", count: 2 * items.depth)
        let label = label(of: tag)
        let room = String(repeating: " ", count: max(0, Self.keywordWidth - label.count - indent.count))
        let count = length.map { String($0) } ?? "undefined"
        let padding = String(repeating: " ", count: max(0, 9 - count.count))
        var line = indent + colours.tag("\(tag)") + " " + colours.vr(vr.name) + " " + padding + count + "  "
        line += tag.isPrivate ? colours.privateLabel(label) : colours.keyword(label)
        if !value.isEmpty { line += room + "  " + value }
        output.write(line + "\n")
    }

    /// The keyword; of a private element its creator.
    private func label(of tag: Tag) -> String {
        if tag.isPrivateCreator { return "PrivateCreator" }
        if let creator = items.privateCreator(of: tag) {
            let name = PrivateDictionary.entry(for: tag, creator: creator).map { " " + $0.name } ?? ""
            return "[" + Console.shown(creator) + "]" + name
        }
        if let entry = DataElementDictionary.entry(for: tag) {
            return entry.keyword.isEmpty ? entry.name : entry.keyword
        }
        return tag.isPrivate ? "private" : "unknown"
    }

    private func value(of element: DataElement, _ bytes: ByteBuffer) -> String {
        switch element.vr {
        case .ob, .od, .of, .ol, .ov, .ow, .un, .sq:
            return Self.bytes(bytes, limit: isFull ? .max : Self.bulkLimit)
        case .at:
            let tags = element.tags.map { tag in
                "\(tag)"
                    + (DataElementDictionary.entry(for: tag).map { $0.keyword.isEmpty ? "" : " " + $0.keyword } ?? "")
            }
            return shortened(tags.joined(separator: "\\"))
        case .us, .ss, .ul, .sl, .uv, .sv, .fl, .fd:
            return shortened(element.numberTexts.joined(separator: "\\"))
        case .ui:
            let values = element.strings(.ascii)
            let text = shortened(values.joined(separator: "\\"))
            guard values.count == 1, let uid = UID(values[0]), let name = UIDDictionary.name(of: uid) else {
                return text
            }
            return text + colours.note(" " + name)
        default:
            return shortened(element.strings(items.characterSet).joined(separator: "\\"))
        }
    }

    private func shortened(_ text: String) -> String {
        guard !isFull, text.utf8.count > Self.valueLimit else { return Console.shown(text) }
        // By scalars: a letter with ten thousand accents is one character.
        let opening = text.unicodeScalars.prefix(Self.valueLimit)
        let isCut = opening.endIndex < text.unicodeScalars.endIndex
        return Console.shown(String(opening)) + (isCut ? "…" : "")
    }

    private static func bytes(_ bytes: ByteBuffer, limit: Int) -> String {
        let shown = bytes.readableBytesView.prefix(limit).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return byte < 16 ? "0" + digits : digits
        }
        return shown.joined(separator: " ") + (bytes.readableBytes > limit ? " …" : "")
    }
}

/// The colours of a listing: none, or escape sequences that all terminals know (ECMA-48 8.3.117).
struct ListingColours {
    let isOn: Bool

    func tag(_ text: String) -> String { coloured(text, "36") }

    func vr(_ text: String) -> String { coloured(text, "33") }

    func keyword(_ text: String) -> String { coloured(text, "1") }

    func privateLabel(_ text: String) -> String { coloured(text, "35") }

    func note(_ text: String) -> String { coloured(text, "2") }

    private func coloured(_ text: String, _ code: String) -> String {
        isOn ? "\u{1B}[" + code + "m" + text + "\u{1B}[0m" : text
    }
}
