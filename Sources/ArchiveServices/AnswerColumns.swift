import ArchiveCatalog
import DICOMCore
import NIOCore

/// The columns that the answers of a query are made of, found once for all of them.
struct AnswerColumns {
    private enum Source {
        case attribute(CatalogAttribute)
        case derived(DerivedAttribute)
    }

    private struct Column {
        let tag: Tag
        let vr: VR
        let source: Source
    }

    /// In the order of a Data Set.
    private let columns: [Column]

    init(_ query: ArchiveQuery) {
        func isWanted(_ tag: Tag) -> Bool { query.wantsAllAttributes || query.attributes.contains(tag) }
        let attributes = CatalogAttribute.all.filter { $0.level <= query.level && isWanted($0.tag) }
            .map { Column(tag: $0.tag, vr: DataElementDictionary.vr(of: $0.tag) ?? .lo, source: .attribute($0)) }
        let derived = DerivedAttribute.allCases.filter { isWanted($0.tag) }
            .map { Column(tag: $0.tag, vr: $0.vr, source: .derived($0)) }
        columns = (attributes + derived).sorted { $0.tag < $1.tag }
    }

    /// The elements of those columns that have a value; their bytes share one buffer.
    func elements(of row: CatalogRow) -> [DataElement] {
        var found: [(column: Column, start: Int, length: Int)] = []
        found.reserveCapacity(columns.count)
        var bytes = ByteBufferAllocator().buffer(capacity: 512)
        for column in columns {
            let text: String?
            switch column.source {
            case .attribute(let attribute): text = row.values[attribute]
            case .derived(let derived): text = row.derived[derived]
            }
            guard let text else { continue }
            let start = bytes.writerIndex
            if column.vr == .us {
                for number in text.split(separator: "\\") {
                    if let number = UInt16(number) { bytes.writeInteger(number, endianness: .little) }
                }
            } else {
                // Several values stand in the column as they stand in an element.
                bytes.writeString(text)
                if (bytes.writerIndex - start) % 2 == 1 { bytes.writeInteger(column.vr.padding) }
            }
            found.append((column: column, start: start, length: bytes.writerIndex - start))
        }
        return found.map { column, start, length in
            // The slice exists: it was written there.
            let value = bytes.getSlice(at: start, length: length) ?? ByteBuffer()
            return DataElement(tag: column.tag, vr: column.vr, value: .bytes(value))
        }
    }
}
