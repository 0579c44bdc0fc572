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
        return try read(bytes, &decoder)
    }

    /// The Data Set of these bytes as far as there is sense in them, and what was odd.
    ///
    /// As `dataSet(from:transferSyntax:limits:)` otherwise.
    public static func salvage(
        _ bytes: ByteBuffer,
        transferSyntax: TransferSyntax,
        limits: DataSetLimits = DataSetLimits()
    ) throws(DataSetError) -> (dataSet: DataSet, quirks: [Quirk]) {
        var decoder = DataSetDecoder(
            transferSyntax: transferSyntax,
            limits: limits,
            thresholds: .none,
            tolerance: .salvage
        )
        let dataSet = try read(bytes, &decoder)
        return (dataSet, decoder.quirks)
    }

    private static func read(_ bytes: ByteBuffer, _ decoder: inout DataSetDecoder) throws(DataSetError) -> DataSet {
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
