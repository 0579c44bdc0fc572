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
    private var bytes: ByteBuffer
    private var open: [Open] = []

    private init(bytes: ByteBuffer, bulkDataURI: @escaping BulkDataURI) {
        self.bytes = bytes
        self.bulkDataURI = bulkDataURI
    }

    /// Appends a Data Set as one JSON object.
    public static func write(
        _ dataSet: DataSet,
        into bytes: inout ByteBuffer,
        bulkDataURI: @escaping BulkDataURI = { _, _ in nil }
    ) {
        var output = ByteBuffer()
        swap(&output, &bytes)
        var writer = DICOMJSONWriter(bytes: output, bulkDataURI: bulkDataURI)
        writer.write(dataSet)
        bytes = writer.bytes
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
        var writer = DICOMJSONWriter(bytes: ByteBuffer()) { _, _ in nil }
        if let value = element.bytes, value.readableBytes > 0 { writer.writeValue(element, value, characterSet) }
        return Array(writer.bytes.readableBytesView)
    }

    private mutating func write(_ dataSet: DataSet) {
        open = [Open(sequence: nil, items: [dataSet], characterSets: [dataSet.specificCharacterSet])]
        bytes.writeInteger(UInt8(ascii: "{"))
        while let current = open.last {
            let elements = current.items[current.item].elements
            guard current.element < elements.count else {
                endItem(current)
                continue
            }
            open[open.count - 1].element += 1
            let element = elements[current.element]
            guard !element.tag.isGroupLength else { continue }
            if current.hasElements { bytes.writeInteger(UInt8(ascii: ",")) }
            open[open.count - 1].hasElements = true
            writeElement(element, characterSet: current.characterSets.last ?? .ascii)
        }
    }

    private mutating func endItem(_ current: Open) {
        bytes.writeInteger(UInt8(ascii: "}"))
        guard current.item + 1 < current.items.count else {
            open.removeLast()
            if !open.isEmpty { bytes.writeStaticString("]}") }
            return
        }
        bytes.writeStaticString(",{")
        let outer = current.characterSets.first ?? .ascii
        open[open.count - 1].item += 1
        open[open.count - 1].element = 0
        open[open.count - 1].hasElements = false
        let next = current.items[current.item + 1]
        open[open.count - 1].characterSets = [outer, next.specificCharacterSet(inheriting: outer)]
    }

    private mutating func writeElement(_ element: DataElement, characterSet: SpecificCharacterSet) {
        bytes.writeInteger(UInt8(ascii: "\""))
        bytes.writeHexadecimal(element.tag)
        bytes.writeStaticString("\":{\"vr\":\"")
        bytes.writeInteger(element.vr.rawValue, endianness: .big)
        bytes.writeInteger(UInt8(ascii: "\""))
        switch element.value {
        case .items(let items):
            if let first = items.first {
                bytes.writeStaticString(",\"Value\":[{")
                let inner = first.specificCharacterSet(inheriting: characterSet)
                open.append(Open(sequence: element.tag, items: items, characterSets: [characterSet, inner]))
                return
            }
        case .bulk(let bulk):
            if let uri = bulkDataURI(path(to: element.tag), bulk) {
                bytes.writeStaticString(",\"BulkDataURI\":")
                bytes.writeJSONString(uri)
            }
        case .bytes(let value):
            if value.readableBytes > 0 { writeValue(element, value, characterSet) }
        }
        bytes.writeInteger(UInt8(ascii: "}"))
    }

    private func path(to tag: Tag) -> BulkPath {
        let steps = open.compactMap { level in
            level.sequence.map { BulkPath.Step(sequence: $0, itemNumber: level.item + 1) }
        }
        return BulkPath(steps: steps, tag: tag)
    }

    private mutating func writeValue(_ element: DataElement, _ value: ByteBuffer, _ characterSet: SpecificCharacterSet)
    {
        switch element.vr {
        case .ob, .od, .of, .ol, .ov, .ow, .un, .sq:
            bytes.writeStaticString(",\"InlineBinary\":\"")
            Base64.write(value, into: &bytes)
            bytes.writeInteger(UInt8(ascii: "\""))
        case .fl:
            // In single precision, so that the shortest text is the one of the stored number.
            writeValues(element.decimals32) { $1.writeJSONNumber($0) }
        case .fd:
            writeValues(element.decimals64) { $1.writeJSONNumber($0) }
        case .sl, .ss, .sv, .ul, .us:
            writeValues(element.integers) { $1.writeString(String($0)) }
        case .uv:
            writeValues(element.unsigned64) { $1.writeString(String($0)) }
        case .at:
            writeValues(element.tags) { tag, bytes in
                bytes.writeInteger(UInt8(ascii: "\""))
                bytes.writeHexadecimal(tag)
                bytes.writeInteger(UInt8(ascii: "\""))
            }
        case .ds:
            writeValues(element.strings(.ascii)) { $1.writeDecimalString($0) }
        case .is:
            writeValues(element.strings(.ascii)) { $1.writeIntegerString($0) }
        case .pn:
            writeValues(element.strings(characterSet)) { $1.writePersonName($0) }
        default:
            if element.tag == .specificCharacterSet {
                bytes.writeStaticString(",\"Value\":[\"ISO_IR 192\"]")
                return
            }
            writeValues(element.strings(characterSet)) { text, bytes in
                if text.isEmpty { bytes.writeStaticString("null") } else { bytes.writeJSONString(text) }
            }
        }
    }

    private mutating func writeValues<Value>(_ values: [Value], write: (Value, inout ByteBuffer) -> Void) {
        guard !values.isEmpty else { return }
        bytes.writeStaticString(",\"Value\":[")
        for (position, value) in values.enumerated() {
            if position > 0 { bytes.writeInteger(UInt8(ascii: ",")) }
            write(value, &bytes)
        }
        bytes.writeInteger(UInt8(ascii: "]"))
    }
}
