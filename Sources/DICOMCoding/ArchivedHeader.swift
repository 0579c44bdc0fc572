public import DICOMCore
public import NIOCore

/// A header as it was kept in the index, inflated but not yet read: the body that ``HeaderArchive`` describes.
///
/// Most headers are only written out again as JSON, which needs no Data Set in between.
public struct ArchivedHeader: Sendable {
    let body: [UInt8]
    let limits: DataSetLimits

    /// Inflates the stored form.
    ///
    /// - Throws: `.badArchive` for another version or damage; the code of the limit that it exceeds.
    public init(_ bytes: ByteBuffer, limits: DataSetLimits = .stored) throws(DataSetError) {
        var rest = bytes
        guard rest.readInteger(as: UInt8.self) == HeaderArchive.version,
            let length = rest.readInteger(endianness: .little, as: UInt32.self)
        else { throw DataSetError(.badArchive, at: 0) }
        // Values, and at most 24 bytes around each element.
        let lengthLimit = UInt64(limits.headerLength) + 24 * UInt64(limits.elementCount)
        guard UInt64(length) <= lengthLimit else { throw DataSetError(.tooMuchText, at: 1) }
        guard let body = Inflater.inflate(rest, length: Int(length)) else { throw DataSetError(.badArchive, at: 5) }
        self.body = body
        self.limits = limits
    }

    /// The form in which a header would be kept.
    public init(_ dataSet: DataSet) {
        body = Array(HeaderArchive.body(dataSet).readableBytesView)
        limits = .stored
    }

    /// Bytes of the header in clear.
    public var byteCount: Int { body.count }

    /// The header as a Data Set.
    ///
    /// - Throws: `.badArchive` for damage; the code of the limit that it exceeds.
    public func dataSet() throws(DataSetError) -> DataSet {
        var parser = HeaderBodyParser(body: ByteBuffer(bytes: body), limits: limits)
        return try parser.dataSet()
    }
}
