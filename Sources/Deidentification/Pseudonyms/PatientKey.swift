public import DICOMCore

/// Who a pseudonym stands for: the Patient ID and its issuer in the form in which they are compared.
///
/// Two spellings of one Patient ID are one patient: padding is cut off, runs of blanks are one blank, and case, accents and
/// width do not count, as in queries. Leading zeros and separators do count, for `0123` and `123` may be two patients.
///
/// Without Patient ID each study has a patient of its own, as in the catalog: better two pseudonyms for one patient than one
/// for two.
public struct PatientKey: Sendable, Hashable {
    /// The fields that make the patient, with what they are in front.
    let fields: [String]

    /// The Patient ID as it is compared; empty when the patient has none.
    public let patientID: String
    /// The issuer as it is compared; empty when unknown.
    public let issuer: String

    /// Takes what an object says about its patient.
    ///
    /// - Parameters:
    ///   - issuer: Issuer of Patient ID (0010,0021), or what identifies it in Issuer of Patient ID Qualifiers Sequence.
    ///   - studyInstanceUID: Used only without a Patient ID.
    public init(patientID: String, issuer: String? = nil, studyInstanceUID: String = "") {
        self.patientID = Self.normalized(patientID)
        self.issuer = self.patientID.isEmpty ? "" : Self.normalized(issuer ?? "")
        fields =
            self.patientID.isEmpty
            ? ["study", Self.normalized(studyInstanceUID)] : ["id", self.issuer, self.patientID]
    }

    /// Reads the patient of a Data Set.
    ///
    /// - Parameter defaultIssuer: The issuer of ids that do not name theirs.
    public init(_ header: DataSet, defaultIssuer: String? = nil) {
        self.init(
            patientID: header.string(.patientID) ?? "",
            issuer: header.string(.issuerOfPatientID) ?? defaultIssuer,
            studyInstanceUID: header.string(.studyInstanceUID) ?? ""
        )
    }

    /// The form in which identifiers are compared.
    static func normalized(_ text: String) -> String {
        FoldedText.fold(text).unicodeScalars
            .split { $0.value <= 0x20 || $0.value == 0x7F }
            .map { String($0) }
            .joined(separator: " ")
    }
}
