import DICOMCore

/// From levels to P-Values (PS3.3 C.11.4, C.11.6).
enum PresentationTransform: Sendable, Hashable {
    /// Presentation LUT Shape IDENTITY.
    case identity
    /// Presentation LUT Shape INVERSE: black and white exchanged, as MONOCHROME1 is.
    case inverse
    /// Presentation LUT Sequence.
    case table(LookupTable)

    /// That of an image.
    ///
    /// MONOCHROME1 and INVERSE say the same thing and demand each other (PS3.3 C.8.11.3.1.2), so they invert once.
    init(image: DataSet, _ interpretation: PhotometricInterpretation) {
        let isInverse = interpretation == .monochrome1 || image.string(.presentationLUTShape) == "INVERSE"
        self = isInverse ? .inverse : .identity
    }

    /// That of a Presentation State; it stands in the place of what the image says.
    ///
    /// - Throws: `.badAttribute`.
    init(presentationState: DataSet) throws(PixelError) {
        guard let item = presentationState.items(.presentationLUTSequence).first else {
            self = presentationState.string(.presentationLUTShape) == "INVERSE" ? .inverse : .identity
            return
        }
        self = .table(try LookupTable(item, descriptor: .lutDescriptor, data: .lutData, isSigned: false))
    }

    /// The P-Value of a level, both from 0 to 1.
    func level(_ level: Double) -> Double {
        switch self {
        case .identity: level
        case .inverse: 1 - level
        case .table(let table):
            // The whole range of the input is spread over all entries, whatever the first mapped value says: it is 0.
            Double(table.entries[Int(clamping: max(0, min(1, level)) * Double(table.entries.count - 1))])
                / Double(table.maximum)
        }
    }
}
