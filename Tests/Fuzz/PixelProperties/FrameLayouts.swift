import DICOMPixels

/// What group 0028 may say of a frame but for its size, by number.
struct FrameLayouts {
    let samples: Int
    let bitsAllocated: Int
    let bitsStored: Int
    let kind: PixelFormat.SampleKind
    let interpretation: PhotometricInterpretation
    let isPlanar: Bool

    private init(
        _ samples: Int,
        _ bitsAllocated: Int,
        _ bitsStored: Int,
        _ interpretation: PhotometricInterpretation,
        kind: PixelFormat.SampleKind = .unsigned,
        isPlanar: Bool = false
    ) {
        self.samples = samples
        self.bitsAllocated = bitsAllocated
        self.bitsStored = bitsStored
        self.kind = kind
        self.interpretation = interpretation
        self.isPlanar = isPlanar
    }

    /// The numbers stand in the corpus: new ones come last.
    static let all: [FrameLayouts] = [
        FrameLayouts(1, 8, 8, .monochrome2), FrameLayouts(1, 16, 16, .monochrome2),
        FrameLayouts(1, 16, 12, .monochrome2), FrameLayouts(1, 16, 16, .monochrome1, kind: .signed),
        FrameLayouts(1, 16, 12, .monochrome2, kind: .signed), FrameLayouts(1, 16, 8, .monochrome2),
        FrameLayouts(1, 8, 8, .monochrome2, kind: .signed), FrameLayouts(1, 8, 7, .monochrome2),
        FrameLayouts(3, 8, 8, .rgb), FrameLayouts(3, 8, 8, .rgb, isPlanar: true), FrameLayouts(3, 8, 8, .ybrFull),
        FrameLayouts(3, 8, 8, .ybrFull422), FrameLayouts(3, 8, 8, .ybrRCT), FrameLayouts(3, 8, 8, .ybrICT),
        FrameLayouts(3, 16, 16, .rgb), FrameLayouts(3, 16, 10, .rgb), FrameLayouts(1, 8, 8, .paletteColor),
        FrameLayouts(1, 16, 16, .paletteColor), FrameLayouts(1, 1, 1, .monochrome2),
        FrameLayouts(1, 32, 32, .monochrome2), FrameLayouts(1, 32, 20, .monochrome2, kind: .signed),
        FrameLayouts(1, 32, 32, .monochrome2, kind: .float), FrameLayouts(1, 64, 64, .monochrome2),
        FrameLayouts(3, 8, 8, .ybrPartial420), FrameLayouts(1, 12, 12, .monochrome2),
    ]

    func format(_ rows: Int, _ columns: Int) -> PixelFormat? {
        try? PixelFormat(
            rows: rows,
            columns: columns,
            samplesPerPixel: samples,
            bitsAllocated: bitsAllocated,
            bitsStored: bitsStored,
            kind: kind,
            photometricInterpretation: interpretation,
            isPlanar: isPlanar
        )
    }
}
