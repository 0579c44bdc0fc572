/// What an identifying value says about whom.
public enum IdentifierKind: String, Sendable, Hashable, CaseIterable {
    /// A name of the patient.
    case patientName = "patient-name"
    /// A name of somebody else: physicians, operators, relatives.
    case personName = "person-name"
    /// An id of the patient.
    case patientID = "patient-id"
    /// Another number or id: accession, study, admission, order, specimen, trial subject.
    case identifier
    /// The patient's date of birth.
    case birthDate = "birth-date"
    /// Any other date.
    case date
    /// The name of an object, study, series, device or frame of reference.
    case uid
    /// A hospital, department, ward or other organisation, and who issues ids.
    case institution
    /// Where somebody lives or can be reached on paper or by URL.
    case address
    /// A telephone number or other way to call.
    case telephone
    /// A serial number or another mark of one device.
    case device
    /// The name of a station or machine.
    case station
    /// An Application Entity Title.
    case applicationEntity = "ae-title"
}
