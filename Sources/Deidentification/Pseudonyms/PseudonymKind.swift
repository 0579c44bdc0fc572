/// What a keyed identifier stands for: the same text of two kinds becomes two pseudonyms.
public enum PseudonymKind: String, Sendable, Hashable, CaseIterable {
    /// Accession Number, wherever it stands.
    case accessionNumber = "accession"
    /// Study ID.
    case studyID = "study-id"
    /// Admission and visit.
    case admission
    /// Orders, requests and steps of procedures.
    case order
    /// Specimens, containers, slides.
    case specimen
    /// Serial numbers of devices.
    case device
    /// Names of stations and machines.
    case station
    /// Application Entity Titles.
    case applicationEntity = "ae"
    /// Institutions and departments.
    case institution
    /// People who are not the patient.
    case person
    /// Subjects of other clinical trials.
    case subject
    /// Everything else.
    case other
}
