public import DICOMCore
public import NIOCore

extension ModelWriter {
    /// An item that is being written, and those behind it in its sequence; the outermost Data Set counts as one.
    private struct Open {
        let items: [DataSet]
        var item = 0
        var element = 0
    }

    /// The text of a Data Set; bulk for which there is no address stands without value.
    public static func text(
        of dataSet: DataSet,
        as form: Form,
        bulkDataURI: BulkDataURI? = nil
    ) -> ByteBuffer {
        var writer = ModelWriter(form, bulkDataURI: bulkDataURI)
        writer.accept(dataSet)
        writer.finish()
        return writer.take()
    }

    mutating func accept(_ dataSet: DataSet) {
        var open = [Open(items: [dataSet])]
        noteCharacterSet(of: dataSet)
        while let current = open.last {
            let elements = current.items[current.item].elements
            let depth = open.count - 1
            if current.element < elements.count {
                open[depth].element += 1
                let element = elements[current.element]
                guard case .items(let items) = element.value else {
                    accept(element)
                    continue
                }
                guard beginSequence(element.tag) else { continue }
                guard let first = items.first else {
                    endSequence()
                    continue
                }
                beginItem()
                noteCharacterSet(of: first)
                open.append(Open(items: items))
            } else if depth == 0 {
                open.removeLast()
            } else if current.item + 1 < current.items.count {
                endItem()
                beginItem()
                noteCharacterSet(of: current.items[current.item + 1])
                open[depth] = Open(items: current.items, item: current.item + 1)
            } else {
                endItem()
                endSequence()
                open.removeLast()
            }
        }
    }
}
