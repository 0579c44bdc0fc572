import DICOMCore

/// From stored values to values of the modality: Hounsfield Units, optical density (PS3.3 C.11.1).
enum ModalityTransform: Sendable, Hashable {
    /// Rescale Slope and Intercept; 1 and 0 change nothing.
    case rescale(slope: Double, intercept: Double)
    /// Modality LUT Sequence.
    case table(LookupTable)

    static let identity = ModalityTransform.rescale(slope: 1, intercept: 0)

    /// Reads the Modality LUT Module, or the Pixel Value Transformation Macro.
    ///
    /// - Returns: `nil` when there is neither a table nor a rescale.
    /// - Throws: `.badAttribute`.
    init?(_ dataSet: DataSet, isSigned: Bool) throws(PixelError) {
        if let item = dataSet.items(.modalityLUTSequence).first {
            self = .table(
                try LookupTable(item, descriptor: .lutDescriptor, data: .lutData, isSigned: isSigned)
            )
            return
        }
        guard let slope = dataSet.decimals(.rescaleSlope).first, slope != 0 else { return nil }
        self = .rescale(slope: slope, intercept: dataSet.decimals(.rescaleIntercept).first ?? 0)
    }

    /// The value of a stored value.
    func value(_ stored: Double) -> Double {
        switch self {
        case .rescale(let slope, let intercept): stored * slope + intercept
        case .table(let table): Double(table.entry(Int(clamping: stored)))
        }
    }
}

extension Int {
    /// The nearest integer of a number that may be of any size or none.
    init(clamping number: Double) {
        // Far beyond every pixel value, and exact in both types.
        let limit = 4_503_599_627_370_496.0
        self = number.isNaN ? 0 : Int(Swift.max(-limit, Swift.min(limit, number)).rounded())
    }
}
