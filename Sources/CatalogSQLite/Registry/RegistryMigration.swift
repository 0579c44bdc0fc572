/// One step in the making of the tables of the registry; never changed once it was released, only followed by others.
struct RegistryMigration: Sendable {
    /// Names the step in the database.
    let name: String
    /// What it runs, in one transaction with all steps that are missing.
    let statements: [String]

    /// Every step, in the order in which they run.
    static let all: [RegistryMigration] = [
        .jobs1,
        .studyNotes1,
        .places1,
        .removal1,
        .removal2,
        .projects1,
    ]
}
