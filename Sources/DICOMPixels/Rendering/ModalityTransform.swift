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

    /// Whether a value of the modality may be below 0.
    ///
    /// It decides how the first value of a VOI LUT is read (PS3.3 C.11.2.1.1): its input is what comes out here, not what is
    /// stored. Entries of a table are never below 0.
    func isSigned(_ format: PixelFormat) -> Bool {
        switch self {
        case .rescale(let slope, let intercept):
            let range = format.storedRange
            return min(range.lowerBound * slope, range.upperBound * slope) + intercept < 0
        case .table: return false
        }
    }

    /// The value of a stored value.
    func value(_ stored: Double) -> Double {
        switch self {
        case .rescale(let slope, let intercept): stored * slope + intercept
        case .table(let table): Double(table.entry(Int(clamping: stored)))
        }
    }
}

extension PixelFormat {
    /// The lowest and the highest value that a sample can have.
    fileprivate var storedRange: ClosedRange<Double> {
        func power(_ exponent: Int) -> Double { Double(sign: .plus, exponent: exponent, significand: 1) }
        switch kind {
        case .unsigned: return 0...(power(bitsStored) - 1)
        case .signed: return -power(bitsStored - 1)...(power(bitsStored - 1) - 1)
        case .float: return -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
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
