public import DICOMCore
public import NIOCore

/// Writes Data Sets in the DICOM JSON model (PS3.18 F) as UTF-8 bytes.
///
/// Text is converted to Unicode, and Specific Character Set says so where it is present (F.2.1.1). Group lengths are left
/// out. Numbers of DS and IS that are none are written as strings, so that nothing is lost.
public struct DICOMJSONWriter: ~Copyable {
    /// Where bulk can be had.
    ///
    /// `nil` leaves the element with its VR only.
    public typealias BulkDataURI = (BulkPath, BulkValue) -> String?

    /// A sequence that is being written; the outermost Data Set counts as the only item of one.
    private struct Open {
        let sequence: Tag?
        let items: [DataSet]
        var item = 0
        var element = 0
        var hasElements = false
        var characterSets: [SpecificCharacterSet]
    }

    private let bulkDataURI: BulkDataURI
    private var text = JSONBytes()
    private var open: [Open] = []

    private init(bulkDataURI: @escaping BulkDataURI) {
        self.bulkDataURI = bulkDataURI
    }

    /// Appends a Data Set as one JSON object.
    public static func write(
        _ dataSet: DataSet,
        into bytes: inout ByteBuffer,
        bulkDataURI: @escaping BulkDataURI = { _, _ in nil }
    ) {
        var writer = DICOMJSONWriter(bulkDataURI: bulkDataURI)
        writer.write(dataSet)
        bytes.writeBytes(writer.text.bytes)
    }

    /// Appends an archived header as one JSON object, with the very text that its Data Set would give.
    ///
    /// - Throws: What ``ArchivedHeader/dataSet()`` throws; nothing is appended then.
    public static func write(
        _ header: ArchivedHeader,
        into bytes: inout ByteBuffer,
        bulkDataURI: @escaping BulkDataURI = { _, _ in nil }
    ) throws(DataSetError) {
        if let text = HeaderJSONWriter.text(of: header, bulkDataURI: bulkDataURI) {
            bytes.writeBytes(text)
        } else {
            write(try header.dataSet(), into: &bytes, bulkDataURI: bulkDataURI)
        }
    }

    /// The members `Value` or `InlineBinary` of one element that is no sequence and no bulk, with the comma in front.
    static func value(of element: DataElement, _ characterSet: SpecificCharacterSet) -> [UInt8] {
        guard let value = element.bytes, value.readableBytes > 0 else { return [] }
        var bytes = ByteBuffer()
        bytes.writeValue(of: element, value, characterSet)
        return Array(bytes.readableBytesView)
    }

    private mutating func write(_ dataSet: DataSet) {
        open = [Open(sequence: nil, items: [dataSet], characterSets: [dataSet.specificCharacterSet])]
        text.append(0x7B)
        while let current = open.last {
            let elements = current.items[current.item].elements
            guard current.element < elements.count else {
                endItem(current)
                continue
            }
            open[open.count - 1].element += 1
            let element = elements[current.element]
            guard !element.tag.isGroupLength else { continue }
            if current.hasElements { text.append(0x2C) }
            open[open.count - 1].hasElements = true
            writeElement(element, characterSet: current.characterSets.last ?? .ascii)
        }
    }

    private mutating func endItem(_ current: Open) {
        text.append(0x7D)
        guard current.item + 1 < current.items.count else {
            open.removeLast()
            if !open.isEmpty { text.append("]}") }
            return
        }
        text.append(",{")
        let outer = current.characterSets.first ?? .ascii
        open[open.count - 1].item += 1
        open[open.count - 1].element = 0
        open[open.count - 1].hasElements = false
        let next = current.items[current.item + 1]
        open[open.count - 1].characterSets = [outer, next.specificCharacterSet(inheriting: outer)]
    }

    private mutating func writeElement(_ element: DataElement, characterSet: SpecificCharacterSet) {
        text.appendKey(element.tag.rawValue, element.vr)
        switch element.value {
        case .items(let items):
            if let first = items.first {
                text.append(",\"Value\":[{")
                let inner = first.specificCharacterSet(inheriting: characterSet)
                open.append(Open(sequence: element.tag, items: items, characterSets: [characterSet, inner]))
                return
            }
        case .bulk(let bulk):
            if let uri = bulkDataURI(path(to: element.tag), bulk) {
                text.append(",\"BulkDataURI\":")
                text.appendString(Array(uri.utf8))
            }
        case .bytes:
            text.appendValue(of: element, characterSet)
        }
        text.append(0x7D)
    }

    private func path(to tag: Tag) -> BulkPath {
        let steps = open.compactMap { level in
            level.sequence.map { BulkPath.Step(sequence: $0, itemNumber: level.item + 1) }
        }
        return BulkPath(steps: steps, tag: tag)
    }
}
