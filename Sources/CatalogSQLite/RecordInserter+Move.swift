import ArchiveCatalog
import DICOMCore
import GRDB

extension RecordInserter {
    /// Hangs a study onto the patient of a fuller identity and counts both patients anew from their studies.
    ///
    /// Rare: the first objects of the study came without Patient ID or issuer.
    func moveStudy(_ uid: UID, to identity: PatientIdentity) throws {
        try finish()
        let arguments = [uid.string.databaseValue]
        guard let study = try database.first(GroupStatements.study.select, arguments, { try GroupRow($0) }) else {
            throw CatalogError.damagedRow
        }
        let oldKey = study.parent
        let newKey = try patientKey(identity, firstStudy: study, uid)
        try database.run(
            "UPDATE study SET patient_key = ?, patient_id = ?, issuer_of_patient_id = ? WHERE study_key = ?",
            [
                newKey.databaseValue, identity.patientID.databaseValue, SQLBinding.text(identity.issuer),
                study.key.databaseValue,
            ]
        )
        try countAnew(oldKey)
        try countAnew(newKey.databaseValue)
        patients = [:]
        studies[uid] = nil
    }

    private func patientKey(_ identity: PatientIdentity, firstStudy study: GroupRow, _ uid: UID) throws -> Int64 {
        let id = PatientID(identity, study: uid)
        if let known = try database.first(GroupStatements.patient.select, id.arguments, { $0.integer(0) }) {
            return known
        }
        var values = CatalogValues()
        values[.patientID] = identity.patientID
        values[.issuerOfPatientID] = identity.issuer
        var patient = GroupRow(
            key: try nextKey(GroupStatements.patient.largestKey),
            parent: id.loneStudyUID.databaseValue,
            first: study.defining,
            instanceKey: study.definingKey,
            values: values
        )
        try GroupStatements.patient.insert(&patient, into: database)
        totals.patients &+= 1
        return patient.key
    }

    /// Takes a patient's counts and attributes from its studies; without any, the patient goes.
    func countAnew(_ patientKey: DatabaseValue) throws {
        let studies = try database.first(Self.countStudies, [patientKey]) { $0.integer(0) } ?? 0
        if studies == 0 {
            try database.run("DELETE FROM patient WHERE patient_key = ?", [patientKey])
            totals.patients &-= 1
        } else {
            try database.run(Self.takeFromStudies, [patientKey, patientKey, patientKey])
        }
    }

    private static let countStudies = "SELECT count(*) FROM study WHERE patient_key = ?"

    /// The patient's defining instance is the smallest of its studies'; their rows hold its attributes.
    private static let takeFromStudies: String = {
        let taken =
            CatalogSchema.valueColumns(.patient).filter { !$0.isIdentity(of: .patient) }.map { "\"\($0.name)\"" }
            + ["defining_instance_key", "defining_received_at", "defining_record_id"]
        let list = taken.joined(separator: ", ")
        return """
            UPDATE patient SET (\(list)) = (
              SELECT \(list) FROM study WHERE patient_key = ? ORDER BY defining_received_at, defining_record_id LIMIT 1
            ), (number_of_studies, number_of_series, number_of_instances) = (
              SELECT count(*), sum(number_of_series), sum(number_of_instances) FROM study WHERE patient_key = ?
            ) WHERE patient_key = ?
            """
    }()
}
