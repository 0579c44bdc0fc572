import DICOMCore
import NIOCore

/// How a model of the Data Set is written as text: the DICOM JSON model or the Native DICOM Model.
///
/// The calls come in the order of a Data Set; whatever begins ends.
protocol ModelSyntax: Sendable {
    /// The text so far.
    var text: JSONBytes { get set }

    mutating func beginDataSet()
    mutating func endDataSet()
    /// An element that is no sequence and no bulk.
    mutating func write(_ element: DataElement, in items: OpenItems)
    /// An element whose value is somewhere else; without an address it stands without value.
    mutating func write(_ tag: Tag, _ vr: VR, bulkDataURI: String?, in items: OpenItems)
    mutating func beginSequence(_ tag: Tag, in items: OpenItems)
    mutating func endSequence()
    mutating func beginItem(number: Int)
    mutating func endItem()
    /// An element whose value follows in base 64.
    mutating func beginInlineBinary(_ tag: Tag, _ vr: VR, in items: OpenItems)
    mutating func endInlineBinary()
}
