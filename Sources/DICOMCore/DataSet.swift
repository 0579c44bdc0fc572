/// A Data Set: Data Elements in ascending order of tag, each tag once (PS3.5 7.1).
public struct DataSet: Sendable, Hashable {
    /// The elements, ascending by tag.
    public private(set) var elements: [DataElement]

    /// Makes an empty Data Set.
    public init() {
        elements = []
    }

    /// Makes a Data Set from elements in any order; of several with one tag the first is kept.
    ///
    /// O(n) for elements that are in order already, otherwise O(n log n).
    public init(_ elements: some Sequence<DataElement>) {
        let given = Array(elements)
        let isAscending = given.indices.dropFirst().allSatisfy { given[$0 - 1].tag < given[$0].tag }
        guard !isAscending else {
            self.elements = given
            return
        }
        let order = given.indices.sorted { (given[$0].tag, $0) < (given[$1].tag, $1) }
        self.elements = []
        self.elements.reserveCapacity(given.count)
        for position in order where self.elements.last?.tag != given[position].tag {
            self.elements.append(given[position])
        }
    }

    /// Whether there is no element.
    public var isEmpty: Bool { elements.isEmpty }

    /// The element with that tag.
    ///
    /// O(log n).
    public subscript(tag: Tag) -> DataElement? {
        let position = firstPosition(notBelow: tag)
        return position < elements.count && elements[position].tag == tag ? elements[position] : nil
    }

    /// Adds the element, or puts it in the place of the one with its tag.
    public mutating func set(_ element: DataElement) {
        if let last = elements.last, last.tag < element.tag {
            elements.append(element)
            return
        }
        let position = firstPosition(notBelow: element.tag)
        if position < elements.count, elements[position].tag == element.tag {
            elements[position] = element
        } else {
            elements.insert(element, at: position)
        }
    }

    /// Takes the element with that tag out, if there is one.
    @discardableResult
    public mutating func remove(_ tag: Tag) -> DataElement? {
        let position = firstPosition(notBelow: tag)
        guard position < elements.count, elements[position].tag == tag else { return nil }
        return elements.remove(at: position)
    }

    private func firstPosition(notBelow tag: Tag) -> Int {
        var low = 0
        var high = elements.count
        while low < high {
            let middle = (low + high) / 2
            if elements[middle].tag < tag { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
