public import DICOMCore
import NIOCore

/// A Data Set that came as a model: JSON or XML.
public struct ModelObject: Sendable, Hashable {
    /// The elements; text is in UTF-8, and Specific Character Set says so where text is beyond ASCII.
    ///
    /// Elements whose value is a reference are not among them.
    public let dataSet: DataSet
    /// Values that are somewhere else: never fetched, for the caller to find among what came with the text.
    public let references: [Reference]

    /// A value that is somewhere else.
    public struct Reference: Sendable, Hashable {
        /// The place of the element.
        public let path: BulkPath
        /// Its Value Representation.
        public let vr: VR
        /// What the text gives as its address.
        public let uri: String

        /// Makes a reference.
        public init(path: BulkPath, vr: VR, uri: String) {
            self.path = path
            self.vr = vr
            self.uri = uri
        }
    }
}

/// An item of a model while its elements come; the outermost Data Set counts as one.
struct ModelItem: Sendable {
    private(set) var elements: [DataElement] = []
    /// Whether text here, or in items inside, is beyond ASCII.
    private(set) var needsUnicode = false

    mutating func append(_ element: DataElement) {
        elements.append(element)
        guard element.vr.usesSpecificCharacterSet, !needsUnicode else { return }
        needsUnicode = element.bytes?.readableBytesView.contains { $0 >= 0x80 } == true
    }

    /// Takes note of an item of a sequence of this one.
    mutating func contains(_ inner: ModelItem) {
        needsUnicode = needsUnicode || inner.needsUnicode
    }

    /// The Data Set of the elements: UTF-8 where it says any character set, and where the outermost one needs to.
    ///
    /// Items without an own character set have the one of what holds them (PS3.5 7.5.1).
    func dataSet(isOutermost: Bool) -> DataSet {
        var dataSet = DataSet(elements)
        let own = dataSet[.specificCharacterSet]?.bytes
        let saysAny = own?.readableBytes ?? 0 > 0
        if saysAny || (needsUnicode && (isOutermost || own != nil)) {
            dataSet.set(.text(.specificCharacterSet, .cs, "ISO_IR 192"))
        }
        return dataSet
    }
}
