public import DICOMCore

/// A place in a Data Set: an attribute, or an item of a sequence, however deep.
///
/// Written `PatientName`, `RequestAttributesSequence[0].ScheduledProcedureStepID`, or `ReferencedSeriesSequence[*].Modality`
/// for all items; `[*]` may be left out in front of a dot. Each attribute is named as ``AttributeName`` reads it. A path
/// that ends with an item, as in `RequestAttributesSequence[1]`, means the item itself.
public struct AttributePath: Sendable, Hashable {
    /// Which items of a sequence.
    public enum Items: Sendable, Hashable {
        /// The item at this position, counted from 0 in the Data Set before any edit.
        case index(Int)
        /// All that there are.
        case all

        /// Whether the item at a position is among them.
        public func contains(_ position: Int) -> Bool {
            switch self {
            case .index(let index): index == position
            case .all: true
            }
        }
    }

    /// One attribute on the way, and which of its items the way goes on in.
    public struct Step: Sendable, Hashable {
        /// The attribute.
        public let name: AttributeName
        /// Its items; `nil` at the end of a path that means the attribute itself.
        public let items: Items?

        /// Makes a step.
        public init(_ name: AttributeName, items: Items? = nil) {
            self.name = name
            self.items = items
        }
    }

    /// Steps that a path may have; no Data Set within the limits is deeper.
    public static let stepLimit = 64
    /// Items are counted from 0 up to this.
    public static let itemLimit = 1_000_000

    /// The steps from the outermost Data Set on; at least one, and all but the last with items.
    public let steps: [Step]

    /// The path to an attribute of the outermost Data Set.
    public init(_ tag: Tag) {
        steps = [Step(.tag(tag))]
    }

    /// A path of steps.
    ///
    /// - Throws: `.malformedPath` without steps, above ``stepLimit``, or with a step in between that has no items.
    public init(steps: [Step]) throws(EditError) {
        guard (1...Self.stepLimit).contains(steps.count), steps.dropLast().allSatisfy({ $0.items != nil }) else {
            throw EditError(.malformedPath)
        }
        self.steps = steps
    }

    /// Reads a path.
    ///
    /// - Throws: `.malformedPath`, with the name that is wrong if one is.
    public init(_ text: some StringProtocol) throws(EditError) {
        var steps: [Step] = []
        let parts = try Self.parts(Array(text.utf8))
        for (position, part) in parts.enumerated() {
            let name: AttributeName
            do {
                name = try AttributeName(part.name)
            } catch {
                throw EditError(.malformedPath, String(text), cause: .name(error))
            }
            let isLast = position == parts.count - 1
            steps.append(Step(name, items: part.items ?? (isLast ? nil : .all)))
        }
        guard (1...Self.stepLimit).contains(steps.count) else { throw EditError(.malformedPath, String(text)) }
        self.steps = steps
    }

    /// The attributes on the way, without their items.
    public var names: [AttributeName] { steps.map(\.name) }

    /// Splits at dots outside of quotation marks, and takes the brackets off.
    private static func parts(_ text: [UInt8]) throws(EditError) -> [(name: String, items: Items?)] {
        var parts: [(name: String, items: Items?)] = []
        var start = 0
        var isQuoted = false
        for position in 0...text.count {
            if position < text.count {
                if text[position] == UInt8(ascii: "\"") { isQuoted.toggle() }
                guard text[position] == UInt8(ascii: "."), !isQuoted else { continue }
            }
            parts.append(try part(text[start..<position], of: text))
            start = position + 1
        }
        return parts
    }

    private static func part(
        _ part: ArraySlice<UInt8>,
        of text: [UInt8]
    ) throws(EditError) -> (name: String, items: Items?) {
        guard part.last == UInt8(ascii: "]") else { return (String(decoding: part, as: UTF8.self), nil) }
        guard let opening = part.lastIndex(of: UInt8(ascii: "[")) else {
            throw EditError(.malformedPath, String(decoding: text, as: UTF8.self))
        }
        let name = String(decoding: part[..<opening], as: UTF8.self)
        let selector = part[(opening + 1)...].dropLast()
        if selector.elementsEqual([UInt8(ascii: "*")]) { return (name, .all) }
        guard (1...7).contains(selector.count), selector.allSatisfy({ (0x30...0x39).contains($0) }),
            let index = Int(String(decoding: selector, as: UTF8.self)), index <= itemLimit
        else { throw EditError(.malformedPath, String(decoding: text, as: UTF8.self)) }
        return (name, .index(index))
    }
}

extension AttributePath: CustomStringConvertible {
    /// The path in the form that reads back as the same.
    public var description: String {
        steps.map(\.description).joined(separator: ".")
    }
}

extension AttributePath.Step: CustomStringConvertible {
    /// The name, with its items in brackets.
    public var description: String {
        switch items {
        case .none: name.description
        case .all: "\(name)[*]"
        case .index(let index): "\(name)[\(index)]"
        }
    }
}
