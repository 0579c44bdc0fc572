public import Platform

/// What is kept of research projects: consent, researchers, and who is who, sealed under each project's own key.
public protocol ProjectRegistry: Sendable {
    /// Writes a new project; `false` when one has that name, whatever its case.
    func add(_ project: Project) async throws(RegistryError) -> Bool
    /// Writes a project as it is now.
    func save(_ project: Project) async throws(RegistryError)
    /// The project of that name, whatever its case; `nil` without one.
    func project(named name: String) async throws(RegistryError) -> Project?
    /// All projects, in the order of their names.
    func projects() async throws(RegistryError) -> [Project]
    /// Writes a closed project, wipes its consents, its mapping table and its researchers, and writes what waits for the
    /// end of the epoch of its key, in one step; nothing of it is left in the file.
    func close(_ project: Project, saving shredding: Shredding?) async throws(RegistryError)

    /// Writes what patients have said; the tie of those in `cutting` is cut.
    func setConsents(
        _ entries: [ConsentEntry],
        of project: RandomID,
        cutting patients: [RandomID]
    ) async throws(RegistryError)
    /// What all patients have said, in the order of their tokens.
    func consents(of project: RandomID) async throws(RegistryError) -> [ConsentEntry]

    /// Gives numbers to patients that have none, in that order, and writes the rows of all whose tie is missing.
    ///
    /// - Parameter row: Makes the row of the patient at that place of the list, whose number is that one.
    /// - Returns: The number of each, in the order of the list.
    func assignNumbers(
        to patients: [RandomID],
        of project: RandomID,
        row: @escaping @Sendable (_ position: Int, _ number: Int) throws -> MappingRow
    ) async throws(RegistryError) -> [Int]
    /// The row of a patient; `nil` without one.
    func mappingRow(of patient: RandomID, in project: RandomID) async throws(RegistryError) -> MappingRow?
    /// The row of a pseudonym; `nil` without one.
    func mappingRow(lookup: RandomID, in project: RandomID) async throws(RegistryError) -> MappingRow?
    /// Rows in the order of their numbers, behind `number`.
    func mappingRows(of project: RandomID, after number: Int, limit: Int) async throws(RegistryError) -> [MappingRow]

    /// Writes a new researcher; `false` when one of the project has that name.
    func add(_ researcher: Researcher) async throws(RegistryError) -> Bool
    /// Takes a researcher away; whether there was one.
    func removeResearcher(named name: String, from project: RandomID) async throws(RegistryError) -> Bool
    /// The researchers of all projects, in the order of their names.
    func researchers() async throws(RegistryError) -> [Researcher]
}
