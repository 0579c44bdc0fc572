import ArchiveCatalog
import DICOMCore
import NIOCore

/// The column values that a header gives.
enum HeaderValues {
    /// Bytes of one value that are looked at: more than any column holds, in any character set.
    private static let decodedLimit = 4 * CatalogValue.lengthLimit
    /// These stand in the items of the request (PS3.3 10.6); every other attribute is the object's own.
    private static let ofTheRequest: Set<Tag> = [.scheduledProcedureStepID, .requestedProcedureID]

    /// What is odd about the values.
    struct Oddities: Sendable, Hashable {
        /// Attributes with a value that no column can hold.
        var leftOut: [Tag] = []
        /// Attributes with bytes that the character set does not define.
        var undecodable: [Tag] = []
    }

    static func values(of header: DataSet, inheriting outer: SpecificCharacterSet = .ascii) -> CatalogValues {
        var oddities = Oddities()
        return values(of: header, inheriting: outer, noting: &oddities)
    }

    /// As above; notes what is odd.
    ///
    /// - Parameter outer: The character set of text where the header names none.
    static func values(
        of header: DataSet,
        inheriting outer: SpecificCharacterSet = .ascii,
        noting oddities: inout Oddities
    ) -> CatalogValues {
        var values = CatalogValues()
        let characterSet = header.specificCharacterSet(inheriting: outer)
        let request = header.items(.requestAttributesSequence).first
        for attribute in CatalogAttribute.all {
            let nested = ofTheRequest.contains(attribute.tag) ? request?[attribute.tag] : nil
            guard let element = nested ?? header[attribute.tag] else { continue }
            let beginning = element.limited(to: decodedLimit)
            let texts: [String]
            if element.vr.isText {
                let decoded = beginning.decodedStrings(characterSet)
                texts = decoded.values
                // A value that was cut may end in the middle of a character.
                if !decoded.isExact, beginning == element { oddities.undecodable.append(attribute.tag) }
            } else {
                texts = beginning.integers.map { String($0) }
            }
            let normalized = texts.compactMap { CatalogValue.normalized($0, attribute.kind) }
            if normalized.count < texts.count, texts.contains(where: { isUnusable($0, attribute.kind) }) {
                oddities.leftOut.append(attribute.tag)
            }
            if let joined = joined(normalized) { values[attribute] = joined }
        }
        return values
    }

    private static func isUnusable(_ text: String, _ kind: CatalogAttribute.Kind) -> Bool {
        CatalogValue.normalized(text, kind) == nil && text.utf8.contains { $0 > 0x20 }
    }

    /// As many of the values as a column holds, joined; `nil` when all are empty.
    private static func joined(_ values: [String]) -> String? {
        var kept: [String] = []
        var length = 0
        for value in values {
            length += value.utf8.count + 1
            guard length <= CatalogValue.lengthLimit + 1 || kept.isEmpty else { break }
            kept.append(value)
        }
        return kept.contains { !$0.isEmpty } ? kept.joined(separator: "\\") : nil
    }
}

extension DataElement {
    /// The element with no more than the first bytes of its value.
    fileprivate func limited(to length: Int) -> DataElement {
        guard let bytes, bytes.readableBytes > length else { return self }
        var beginning = bytes.getSlice(at: bytes.readerIndex, length: length) ?? bytes
        // Not in the middle of a character of UTF-8, which would make its whole text look like another set's.
        let tail = beginning.readableBytesView.suffix(4)
        if let lead = tail.lastIndex(where: { $0 < 0x80 || $0 >= 0xC0 }), tail[lead] >= 0xC0 {
            beginning = beginning.getSlice(at: beginning.readerIndex, length: lead - beginning.readerIndex) ?? beginning
        }
        return DataElement(tag: tag, vr: vr, value: .bytes(beginning))
    }
}
