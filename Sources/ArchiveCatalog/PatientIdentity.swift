import DICOMCore

/// Who a study belongs to: Patient ID and its issuer, both empty when unknown.
///
/// Studies without Patient ID share nothing: each has a patient of its own.
public struct PatientIdentity: Sendable, Hashable {
    /// Patient ID (0010,0020), or empty.
    public let patientID: String
    /// Issuer of Patient ID (0010,0021), or empty; always empty without Patient ID.
    public let issuer: String

    /// Makes an identity; an issuer without an id says nothing and is dropped.
    public init(patientID: String, issuer: String) {
        self.patientID = patientID
        self.issuer = patientID.isEmpty ? "" : issuer
    }

    /// Takes the identity that an object claims.
    public init(_ values: CatalogValues) {
        self.init(patientID: values[.patientID] ?? "", issuer: values[.issuerOfPatientID] ?? "")
    }

    /// The fuller of two identities that do not contradict each other; `nil` when they do.
    ///
    /// An unknown id or issuer contradicts nothing; nor does one with characters that could not be decoded, for the same
    /// bytes may be read once with a character set and once without.
    public func merged(with other: PatientIdentity) -> PatientIdentity? {
        guard let patientID = Self.known(patientID, other.patientID), let issuer = Self.known(issuer, other.issuer)
        else { return nil }
        return PatientIdentity(patientID: patientID, issuer: issuer)
    }

    private static func known(_ left: String, _ right: String) -> String? {
        if left.isEmpty { return right }
        if right.isEmpty || left == right { return left }
        switch (isDecoded(left), isDecoded(right)) {
        case (true, true): return nil
        case (true, false): return left
        case (false, true): return right
        // Whichever comes first, the same one stays.
        case (false, false): return min(left, right)
        }
    }

    private static func isDecoded(_ text: String) -> Bool { !text.unicodeScalars.contains("\u{FFFD}") }
}
