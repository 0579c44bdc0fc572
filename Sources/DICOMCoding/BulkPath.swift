public import DICOMCore

/// Where in an object a value is: the sequences and items around it, and its tag.
///
/// The text is safe in a URL: `7FE00010`, or with an item counted from 1, `00880200/1/7FE00010`.
public struct BulkPath: Sendable, Hashable {
    /// An item of a sequence.
    public struct Step: Sendable, Hashable {
        /// The sequence.
        public let sequence: Tag
        /// The item, counted from 1.
        public let itemNumber: Int

        /// Makes a step.
        public init(sequence: Tag, itemNumber: Int) {
            self.sequence = sequence
            self.itemNumber = itemNumber
        }
    }

    /// The items around the value, outermost first.
    public let steps: [Step]
    /// The tag of the value.
    public let tag: Tag

    /// Makes a path.
    public init(steps: [Step] = [], tag: Tag) {
        self.steps = steps
        self.tag = tag
    }

    /// Reads the text form in either case; `nil` for anything else, for item 0 and for more levels than 64.
    public init?(_ text: some StringProtocol) {
        // 64 sequences with items, and the tag.
        guard text.utf8.count <= 64 * 20 + 8 else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count % 2 == 1, parts.count <= 129, let last = parts.last, let tag = Tag(hexadecimal: last) else {
            return nil
        }
        var steps: [Step] = []
        for index in stride(from: 0, to: parts.count - 1, by: 2) {
            let number = parts[index + 1]
            guard let sequence = Tag(hexadecimal: parts[index]), let first = number.utf8.first,
                first != 0x30, number.utf8.count <= 9, number.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let itemNumber = Int(number)
            else { return nil }
            steps.append(Step(sequence: sequence, itemNumber: itemNumber))
        }
        self.init(steps: steps, tag: tag)
    }

    /// The element there; `nil` when an item or the element is missing.
    public func element(in dataSet: DataSet) -> DataElement? {
        var current = dataSet
        for step in steps {
            let items = current.items(step.sequence)
            guard step.itemNumber >= 1, step.itemNumber <= items.count else { return nil }
            current = items[step.itemNumber - 1]
        }
        return current[tag]
    }
}

extension BulkPath: CustomStringConvertible {
    /// The text form.
    public var description: String {
        steps.map { $0.sequence.hexadecimal + "/\($0.itemNumber)/" }.joined() + tag.hexadecimal
    }
}
