import DICOMCore

/// What an object says of one of its frames: in Functional Groups, otherwise for all (PS3.3 C.7.6.16).
struct FrameAttributes: Sendable {
    /// The outermost Data Set.
    let header: DataSet
    private let perFrame: DataSet?
    private let shared: DataSet?

    init(_ header: DataSet, frameIndex: Int) {
        self.header = header
        let frames = header.items(.perFrameFunctionalGroupsSequence)
        perFrame = frames.indices.contains(frameIndex) ? frames[frameIndex] : nil
        shared = header.items(.sharedFunctionalGroupsSequence).first
    }

    /// The item of a macro; `nil` when the object has none.
    func macro(_ sequence: Tag) -> DataSet? {
        perFrame?.items(sequence).first ?? shared?.items(sequence).first
    }

    /// The item of a macro, or the outermost Data Set, which has the same attributes in other objects.
    func attributes(_ sequence: Tag) -> DataSet { macro(sequence) ?? header }

    /// The height of a pixel divided by its width; 1 when the object does not tell.
    var pixelAspect: Double {
        let measures = attributes(.pixelMeasuresSequence)
        let pairs = [
            measures.decimals(.pixelSpacing), header.decimals(.pixelSpacing), header.decimals(.imagerPixelSpacing),
            header.decimals(.nominalScannedPixelSpacing), header.decimals(.pixelAspectRatio),
        ]
        // All are written vertical first.
        for pair in pairs where pair.count >= 2 && pair[0] > 0 && pair[1] > 0 {
            return max(0.01, min(100, pair[0] / pair[1]))
        }
        return 1
    }
}
