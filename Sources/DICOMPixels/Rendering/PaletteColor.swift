import DICOMCore
import NIOCore

/// The tables that make colours of values (PS3.3 C.7.6.3.1.5, C.7.9).
struct PaletteColor: Sendable, Hashable {
    let red: LookupTable
    let green: LookupTable
    let blue: LookupTable

    /// Reads the three tables, segmented or not.
    ///
    /// - Throws: `.badAttribute` when one is missing or damaged.
    init(_ dataSet: DataSet, isSigned: Bool) throws(PixelError) {
        red = try Self.table(
            dataSet,
            .redPaletteColorLookupTableDescriptor,
            .redPaletteColorLookupTableData,
            .segmentedRedPaletteColorLookupTableData,
            isSigned
        )
        green = try Self.table(
            dataSet,
            .greenPaletteColorLookupTableDescriptor,
            .greenPaletteColorLookupTableData,
            .segmentedGreenPaletteColorLookupTableData,
            isSigned
        )
        blue = try Self.table(
            dataSet,
            .bluePaletteColorLookupTableDescriptor,
            .bluePaletteColorLookupTableData,
            .segmentedBluePaletteColorLookupTableData,
            isSigned
        )
    }

    private static func table(
        _ dataSet: DataSet,
        _ descriptor: Tag,
        _ data: Tag,
        _ segmented: Tag,
        _ isSigned: Bool
    ) throws(PixelError) -> LookupTable {
        guard dataSet[data] == nil, let bytes = dataSet[segmented]?.bytes else {
            return try LookupTable(dataSet, descriptor: descriptor, data: data, isSigned: isSigned)
        }
        let shape = try LookupTableDescriptor(dataSet, descriptor, isSigned: isSigned)
        let entries = try SegmentedLookupTable.entries(bytes, count: shape.count, bits: shape.bits, tag: segmented)
        return LookupTable(first: shape.first, entries: entries, bits: shape.bits)
    }

    /// Bits of an entry: 8 where 16 are stated but no colour uses the upper ones, as some writers do.
    private var bits: Int {
        let stated = max(red.bits, green.bits, blue.bits)
        let largest = max(red.entries.max() ?? 0, green.entries.max() ?? 0, blue.entries.max() ?? 0)
        return stated > 8 && largest < 256 ? 8 : stated
    }

    /// The colours of the values that so many bits can mean: red, green, blue, one after the other.
    func colors<Sample: RasterSample>(_ values: StoredValues, size: Int) -> [Sample] {
        let bits = bits
        var colors: [Sample] = []
        colors.reserveCapacity(size * 3)
        for index in 0..<size {
            let value = values.value(ofBits: index)
            for table in [red, green, blue] { colors.append(Self.sample(table.entry(value), bits: bits)) }
        }
        return colors
    }

    // Narrower: the upper bits (PS3.3 C.7.6.3.1.6 makes 16 of 8 by repeating them). Wider: spread over the range.
    private static func sample<Sample: RasterSample>(_ entry: UInt16, bits: Int) -> Sample {
        if bits >= Sample.bitWidth { return Sample(truncatingIfNeeded: Int(entry) >> (bits - Sample.bitWidth)) }
        return Sample(truncatingIfNeeded: Int(entry) * Int(Sample.max) / (1 << bits - 1))
    }
}
