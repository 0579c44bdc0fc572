public import DICOMCore

/// How the samples of a frame lie in memory: what group 0028 says of it (PS3.3 C.7.6.3).
///
/// Valid by construction: a format that exists has sizes whose products fit 64 bits by far.
public struct PixelFormat: Sendable, Hashable {
    /// What a sample is.
    public enum SampleKind: UInt8, Sendable, Hashable {
        /// An integer without sign.
        case unsigned
        /// An integer in two's complement.
        case signed
        /// An IEEE number of 32 or 64 bits (Float Pixel Data, Double Float Pixel Data).
        case float
    }

    /// 1 to 65,535.
    public let rows: Int
    /// 1 to 65,535.
    public let columns: Int
    /// 1, 3 or 4.
    public let samplesPerPixel: Int
    /// 1, 8, 12 (packed), 16, 32 or 64.
    public let bitsAllocated: Int
    /// 1 to `bitsAllocated`.
    public let bitsStored: Int
    /// The highest bit of a sample within `bitsAllocated`, counted from 0.
    public let highBit: Int
    /// What a sample is.
    public let kind: SampleKind
    /// What the samples mean.
    public let photometricInterpretation: PhotometricInterpretation
    /// Whether all first samples come before all second ones (Planar Configuration 1).
    public let isPlanar: Bool

    /// Takes the values of a description.
    ///
    /// - Throws: `.badDescription` with the tag whose value is wrong.
    public init(
        rows: Int,
        columns: Int,
        samplesPerPixel: Int = 1,
        bitsAllocated: Int,
        bitsStored: Int? = nil,
        highBit: Int? = nil,
        kind: SampleKind = .unsigned,
        photometricInterpretation: PhotometricInterpretation,
        isPlanar: Bool = false
    ) throws(PixelError) {
        func demand(_ holds: Bool, _ tag: Tag) throws(PixelError) {
            guard holds else { throw PixelError(.badDescription, tag: tag) }
        }
        let bitsStored = bitsStored ?? bitsAllocated
        let highBit = highBit ?? bitsStored - 1
        try demand((1...65_535).contains(rows), .rows)
        try demand((1...65_535).contains(columns), .columns)
        try demand([1, 3, 4].contains(samplesPerPixel), .samplesPerPixel)
        try demand([1, 8, 12, 16, 32, 64].contains(bitsAllocated), .bitsAllocated)
        try demand((1...bitsAllocated).contains(bitsStored), .bitsStored)
        try demand((bitsStored - 1..<bitsAllocated).contains(highBit), .highBit)
        try demand(kind != .float || bitsAllocated >= 32, .bitsAllocated)
        try demand(photometricInterpretation.isColor == (samplesPerPixel > 1), .photometricInterpretation)
        self.rows = rows
        self.columns = columns
        self.samplesPerPixel = samplesPerPixel
        self.bitsAllocated = bitsAllocated
        self.bitsStored = bitsStored
        self.highBit = highBit
        self.kind = kind
        self.photometricInterpretation = photometricInterpretation
        self.isPlanar = isPlanar && samplesPerPixel > 1
    }

    /// Reads the description from the elements of a Data Set.
    ///
    /// What many writers leave out has its default: one sample, Bits Stored as Bits Allocated, High Bit below Bits Stored,
    /// no sign. With Float or Double Float Pixel Data in the Data Set the samples are those.
    ///
    /// - Throws: `.badDescription` with the tag that is missing or wrong.
    public init(_ dataSet: DataSet) throws(PixelError) {
        func required(_ tag: Tag) throws(PixelError) -> Int {
            guard let value = dataSet.integer(tag) else { throw PixelError(.badDescription, "missing", tag: tag) }
            return value
        }
        let samplesPerPixel = dataSet.integer(.samplesPerPixel) ?? 1
        let name = dataSet.string(.photometricInterpretation) ?? (samplesPerPixel == 1 ? "MONOCHROME2" : "RGB")
        guard let interpretation = PhotometricInterpretation(rawValue: name) else {
            throw PixelError(.badDescription, tag: .photometricInterpretation)
        }
        let isFloat = dataSet[.floatPixelData] != nil
        let isDouble = dataSet[.doubleFloatPixelData] != nil
        guard !isFloat, !isDouble else {
            try self.init(
                rows: required(.rows),
                columns: required(.columns),
                samplesPerPixel: samplesPerPixel,
                bitsAllocated: isFloat ? 32 : 64,
                kind: .float,
                photometricInterpretation: interpretation
            )
            return
        }
        try self.init(
            rows: required(.rows),
            columns: required(.columns),
            samplesPerPixel: samplesPerPixel,
            bitsAllocated: required(.bitsAllocated),
            bitsStored: dataSet.integer(.bitsStored),
            highBit: dataSet.integer(.highBit),
            kind: dataSet.integer(.pixelRepresentation) == 1 ? .signed : .unsigned,
            photometricInterpretation: interpretation,
            isPlanar: dataSet.integer(.planarConfiguration) == 1
        )
    }

    /// The same with other values; for what a codec changes.
    ///
    /// - Throws: `.badDescription`.
    public func with(
        samplesPerPixel: Int? = nil,
        bitsAllocated: Int? = nil,
        bitsStored: Int? = nil,
        highBit: Int? = nil,
        photometricInterpretation: PhotometricInterpretation? = nil,
        isPlanar: Bool? = nil
    ) throws(PixelError) -> PixelFormat {
        try PixelFormat(
            rows: rows,
            columns: columns,
            samplesPerPixel: samplesPerPixel ?? self.samplesPerPixel,
            bitsAllocated: bitsAllocated ?? self.bitsAllocated,
            bitsStored: bitsStored ?? self.bitsStored,
            highBit: highBit ?? self.highBit,
            kind: kind,
            photometricInterpretation: photometricInterpretation ?? self.photometricInterpretation,
            isPlanar: isPlanar ?? self.isPlanar
        )
    }

    /// The same; of native frames that are called subsampled and are as long as full ones, as full.
    ///
    /// - Parameter length: bytes of a native frame.
    public func asStored(length: Int) throws(PixelError) -> PixelFormat {
        guard photometricInterpretation.isSubsampled else { return self }
        let full = try with(photometricInterpretation: .ybrFull)
        return length == full.frameLength ? full : self
    }

    /// Pixels of a frame.
    public var pixelCount: Int { rows * columns }

    /// Samples of a frame; subsampled ones count as if each pixel had its own.
    public var sampleCount: Int { pixelCount * samplesPerPixel }

    /// Bits of a native frame: less than full where chrominance is subsampled.
    public var frameBits: Int {
        let samples = photometricInterpretation.isSubsampled && samplesPerPixel == 3 ? 2 * pixelCount : sampleCount
        return samples * bitsAllocated
    }

    /// Bytes of a native frame that begins with a byte.
    public var frameLength: Int { (frameBits + 7) / 8 }
}
