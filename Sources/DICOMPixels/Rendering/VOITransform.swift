import DICOMCore

/// From values of the modality to levels between 0 (black) and 1 (white) (PS3.3 C.11.2).
enum VOITransform: Sendable, Hashable {
    /// Window Center and Width.
    case window(WindowRequest)
    /// VOI LUT Sequence.
    case table(LookupTable)
    /// Levels rise from the first value to the last.
    case range(Double, Double)

    /// The windows and tables of the VOI LUT Module or the Frame VOI LUT Macro, windows first.
    ///
    /// Centers and widths belong together by their places. Windows whose width is not above 0, or that lack either number, mean
    /// nothing and are left out.
    ///
    /// - Parameter isSigned: whether values that come in may be below 0; the tables' first values are signed then.
    /// - Throws: `.badAttribute`.
    static func choices(_ dataSet: DataSet, isSigned: Bool) throws(PixelError) -> [VOITransform] {
        let centers = Self.numbers(dataSet[.windowCenter])
        let widths = Self.numbers(dataSet[.windowWidth])
        let function: WindowRequest.Function =
            switch dataSet.string(.voilutFunction) {
            case "LINEAR_EXACT": .linearExact
            case "SIGMOID": .sigmoid
            default: .linear
            }
        var choices: [VOITransform] = zip(centers, widths).compactMap { center, width in
            guard let center, let width, width > 0 else { return nil }
            return .window(WindowRequest(center: center, width: width, function: function))
        }
        for item in dataSet.items(.voilutSequence) {
            choices.append(
                .table(try LookupTable(item, descriptor: .lutDescriptor, data: .lutData, isSigned: isSigned))
            )
        }
        return choices
    }

    // Every value in its place; `nil` for one that is empty or no number.
    private static func numbers(_ element: DataElement?) -> [Double?] {
        guard let element else { return [] }
        return element.vr == .ds
            ? element.strings(.ascii).map(DataElement.decimal) : element.decimals.map(Optional.some)
    }

    /// The level of a value.
    func level(_ value: Double) -> Double {
        switch self {
        case .window(let window): window.level(value)
        case .table(let table): Double(table.entry(Int(clamping: value))) / Double(table.maximum)
        case .range(let low, let high):
            // Nothing between them: all that is above is white.
            high > low ? max(0, min(1, (value - low) / (high - low))) : (value > low ? 1 : 0)
        }
    }
}

extension WindowRequest {
    /// The formulas of PS3.3 C.11.2.1.2.1, C.11.2.1.3.1 and C.11.2.1.3.2, for levels from 0 to 1.
    func level(_ value: Double) -> Double {
        switch function {
        case .linear:
            let width = max(1, width) - 1
            if value <= center - 0.5 - width / 2 { return 0 }
            if value > center - 0.5 + width / 2 { return 1 }
            return (value - (center - 0.5)) / width + 0.5
        case .linearExact:
            if value <= center - width / 2 { return 0 }
            if value > center + width / 2 { return 1 }
            return (value - center) / width + 0.5
        case .sigmoid:
            // The formula has no limit; without width it is a step.
            guard width > 0 else { return value < center ? 0 : value > center ? 1 : 0.5 }
            return 1 / (1 + Exponential.of(-4 * (value - center) / width))
        }
    }
}
