import Sealing

/// What all records of a pack have in common: the study key that they are sealed under.
struct PackReference: Sendable, Hashable {
    let studyKeyID: StudyKeyID
    let keyGeneration: UInt32
}
