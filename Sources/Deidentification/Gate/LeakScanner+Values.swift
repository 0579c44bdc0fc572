import DICOMCore
import NIOCore

extension LeakScanner {
    /// Looks for identifiers in the value of an element.
    mutating func examine(_ tag: Tag, _ vr: VR, _ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        guard vr.isText else {
            examineBinary(bytes, path: path(to: tag))
            return
        }
        let element = DataElement(tag: tag, vr: vr, value: .bytes(bytes))
        let path = path(to: tag)
        for value in element.strings(characterSet) where !value.isEmpty {
            examine(value, vr, path)
        }
        switch vr {
        case .ui, .da, .dt, .tm, .as, .is, .ds, .cs: break
        default: examineBytes(bytes, isText: true, path)
        }
    }

    private mutating func examine(_ value: String, _ vr: VR, _ path: [Tag]) {
        switch vr {
        case .da where DICOMDate(value) != nil, .dt where DICOMDateTime(value) != nil: examineDate(value, path)
        case .tm where DICOMTime(value) != nil, .as where AgeString(value) != nil: break
        // A number is an identifier only when it is one as a whole, and a long one.
        case .is where DataElement.integer(value) != nil, .ds where DataElement.decimal(value) != nil:
            guard value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { break }
            examineText(value, path) { $0.length >= 7 && $0.range == 0..<value.utf8.count }
        case .ui:
            guard !patterns.policy.retained.contains(.uid), UID(value).map({ WellKnownUID.contains($0) }) != true else {
                break
            }
            examineText(value, path) { $0.isTelling && $0.length >= 6 }
        case .cs: examineText(value, path) { $0.isTelling || $0.length >= 4 }
        default:
            // The meaning of a code is of a table, which has words that are names, too.
            let isCode = path.last == .codeMeaning || path.last == .codeValue
            examineText(value, path) { !isCode || $0.isTelling }
        }
    }

    /// Where dates are shifted, one of the patient's dates may be what another one became; but not where it was.
    private mutating func examineDate(_ value: String, _ path: [Tag]) {
        guard let tag = path.last, let date = DICOMDate(String(value.prefix(8))) ?? DICOMDate(value),
            let identifier = patterns.matcher.date(date)
        else { return }
        if case .shifted = patterns.policy.dates, identifier.kind == .date {
            guard originalDates[tag]?.contains(date) == true else { return }
        }
        tellText(identifier.kind, identifier.tag, path, 0)
    }

    private mutating func examineText(_ text: String, _ path: [Tag], _ counts: (IdentifierSearch.Match) -> Bool) {
        var found: [IdentifierSearch.Match] = []
        patterns.matcher.forEachMatch(in: text) { match in
            if found.count < Self.leakLimit, counts(match) { found.append(match) }
        }
        for match in found { tellText(match.kind, match.tag, path, match.range.lowerBound) }
    }

    private mutating func tellText(_ kind: IdentifierKind, _ tag: Tag, _ path: [Tag], _ offset: Int) {
        tell(
            Leak(
                finding: .identifier(kind, from: tag),
                form: .text,
                path: path,
                offset: UInt64(offset),
                isInflated: false
            )
        )
    }

    /// Looks for identifiers in bytes that mean anything, also as text when they may be one.
    mutating func examineBinary(_ bytes: ByteBuffer, path: [Tag]) {
        examineBytes(bytes, isText: false, path)
        guard let text = Self.text(of: bytes) else { return }
        examineText(text, path) { $0.isTelling || $0.length >= 4 }
    }

    private mutating func examineBytes(_ bytes: ByteBuffer, isText: Bool, _ path: [Tag]) {
        var search = ByteSearch()
        search.scan(bytes, patterns.table)
        tell(search, isText: isText, path, isInflated: false)
        guard !isText else { return }
        var streams = HiddenStreams()
        var ended: [ByteSearch] = []
        streams.scan(bytes, patterns.table) { ended.append($0) }
        streams.finish { ended.append($0) }
        for search in ended { tell(search, isText: false, path, isInflated: true) }
    }

    /// Tells what was found in bytes.
    ///
    /// What is plain in text was read as text already, with better rules.
    mutating func tell(_ search: ByteSearch, isText: Bool, _ path: [Tag], isInflated: Bool) {
        for hit in search.telling(patterns.table) {
            let pattern = patterns.table.patterns[hit.pattern]
            guard !isText || pattern.form != .plain else { continue }
            tell(
                Leak(
                    finding: .identifier(pattern.kind, from: pattern.tag),
                    form: pattern.form,
                    path: path,
                    offset: hit.offset,
                    isInflated: isInflated
                )
            )
        }
    }

    /// The bytes as text, when nearly all of them are characters that can be printed.
    private static func text(of bytes: ByteBuffer) -> String? {
        let view = bytes.readableBytesView
        let strange = view.count { $0 < 0x09 || (0x0E...0x1F).contains($0) && $0 != 0x1B || $0 == 0x7F }
        guard strange * 16 <= view.count else { return nil }
        if let text = String(validating: view, as: UTF8.self) { return text }
        return SpecificCharacterSet(terms: ["ISO_IR 100"]).decode(view)
    }
}
