public import DICOMCore
public import NIOCore

/// Reads a whole Data Set that is in memory: command sets, identifiers, small objects.
public enum DataSetReader {
    /// The Data Set of these bytes.
    ///
    /// Only Pixel Data, Float and Double Float Pixel Data are references; all other values are in memory.
    public static func dataSet(
        from bytes: ByteBuffer,
        transferSyntax: TransferSyntax,
        limits: DataSetLimits = DataSetLimits()
    ) throws(DataSetError) -> DataSet {
        var decoder = DataSetDecoder(transferSyntax: transferSyntax, limits: limits, thresholds: .none)
        var builder = DataSetBuilder()
        decoder.append(bytes)
        while let token = try decoder.next() {
            builder.accept(token)
        }
        try decoder.finish()
        while let token = try decoder.next() {
            builder.accept(token)
        }
        return builder.dataSet()
    }
}
