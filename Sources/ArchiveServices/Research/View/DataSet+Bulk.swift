import DICOMCore

extension DataSet {
    /// The Data Set without values that were left where they are, at any depth.
    func withoutBulk() -> DataSet {
        var stack = [BulkFilter(self)]
        while let current = stack.last {
            var filter = current
            let inner = filter.goOn()
            stack[stack.count - 1] = filter
            if let inner {
                stack.append(BulkFilter(inner))
            } else {
                stack.removeLast()
                guard !stack.isEmpty else { return filter.result }
                stack[stack.count - 1].take(filter.result)
            }
        }
        return self
    }
}

/// One Data Set on the way through its elements.
private struct BulkFilter {
    private var kept: [DataElement] = []
    private var rest: ArraySlice<DataElement>
    /// The sequence whose items are gone through.
    private var sequence: (element: DataElement, done: [DataSet])?

    init(_ dataSet: DataSet) {
        rest = dataSet.elements[...]
    }

    var result: DataSet { DataSet(kept) }

    /// Goes on to the next item; `nil` at the end.
    mutating func goOn() -> DataSet? {
        while true {
            if let (element, done) = sequence {
                if done.count < element.items.count { return element.items[done.count] }
                kept.append(DataElement(tag: element.tag, vr: element.vr, value: .items(done)))
                sequence = nil
            }
            guard let next = rest.popFirst() else { return nil }
            switch next.value {
            case .bytes: kept.append(next)
            case .bulk: break
            case .items: sequence = (next, [])
            }
        }
    }

    /// Takes an item that was gone through.
    mutating func take(_ item: DataSet) {
        sequence?.done.append(item)
    }
}
