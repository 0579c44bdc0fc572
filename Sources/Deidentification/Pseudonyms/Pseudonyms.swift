import Crypto
public import DICOMCore

/// What stands in the place of identifiers, the same for the same original wherever and whenever it is met.
///
/// Everything follows from the project key by HMAC-SHA-256 and from nothing else: there is no state, so two machines, or two
/// exports a month apart, give the same. Without the key neither the original can be found nor a guess be tested.
public struct Pseudonyms: Sendable {
    /// How the patient is called.
    public let scheme: PatientScheme
    /// What becomes of dates.
    public let dates: DatePolicy
    /// The issuer of Patient IDs that do not name theirs.
    public let defaultIssuer: String?

    private let uidKey: SymmetricKey
    private let patientKey: SymmetricKey
    private let dateKey: SymmetricKey
    private let identifierKeys: [PseudonymKind: SymmetricKey]

    /// Makes the pseudonyms of a project.
    ///
    /// - Parameter defaultIssuer: The issuer of Patient IDs that do not name theirs, so that objects with and without issuer
    ///   are of one patient.
    public init(
        key: ProjectKey,
        scheme: PatientScheme = .keyed(prefix: .standard),
        dates: DatePolicy = .removed,
        defaultIssuer: String? = nil
    ) {
        self.scheme = scheme
        self.dates = dates
        self.defaultIssuer = defaultIssuer
        uidKey = key.subkey(for: "uid")
        patientKey = key.subkey(for: "patient")
        dateKey = key.subkey(for: "date")
        identifierKeys = Dictionary(
            PseudonymKind.allCases.map { ($0, key.subkey(for: "identifier/" + $0.rawValue)) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// The patient of a Data Set.
    public func patient(of header: DataSet) -> PatientKey {
        PatientKey(header, defaultIssuer: defaultIssuer)
    }

    // MARK: Patients

    /// Patient ID (0010,0020) of the patient with that id.
    public func patientID(_ id: String, issuer: String? = nil) -> String {
        patientID(PatientKey(patientID: id, issuer: issuer ?? defaultIssuer))
    }

    /// Patient ID (0010,0020): at most 37 characters, letters and digits of ASCII with hyphens.
    public func patientID(_ patient: PatientKey) -> String {
        if case .numbered(let prefix, let number) = scheme, let number = number(patient), number >= 0 {
            let digits = String(number)
            return prefix.string + "-" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        }
        let code = ProjectKey.authenticationCode(of: patient.fields, under: patientKey)
        return scheme.prefix.string + "-" + Base32.encode(code, length: 20)
    }

    /// Patient's Name (0010,0010): the pseudonymous Patient ID as family name.
    public func patientName(_ patient: PatientKey) -> String {
        patientID(patient)
    }

    /// The key of the patient's row in a table of pseudonyms: 32 hexadecimal digits, which say nothing by themselves.
    public func token(of patient: PatientKey) -> String {
        let code = ProjectKey.authenticationCode(of: ["token"] + patient.fields, under: patientKey)
        return code.prefix(16).map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count < 2 ? "0" + digits : digits
        }.joined()
    }

    // MARK: Identifiers

    /// The identifier in the place of another one: `2.25.` and a UUID as a decimal number (PS3.5 B.2).
    ///
    /// The UUID is of version 8, whose bits the maker chooses (RFC 9562 5.8): 122 bits of HMAC-SHA-256. Identifiers that the
    /// standard defines stay as they are, for they name no object.
    public func uid(_ original: UID) -> UID {
        WellKnownUID.contains(original) ? original : mapped(original.string)
    }

    /// The identifier in the place of a text that should be one, also of one that is malformed; `nil` for an empty text.
    public func uid(of text: String) -> UID? {
        if let original = UID(text) { return uid(original) }
        let bytes = text.utf8.drop { $0 <= 0x20 }
        let trimmed = bytes.reversed().drop { $0 <= 0x20 }.reversed()
        return trimmed.isEmpty ? nil : mapped(String(decoding: Array(trimmed), as: UTF8.self))
    }

    private func mapped(_ text: String) -> UID {
        let code = ProjectKey.authenticationCode(of: [text], under: uidKey)
        var number = code.prefix(16).reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
        number &= ~(UInt128(0xF) << 76 | UInt128(0x3) << 62)
        number |= UInt128(8) << 76 | UInt128(2) << 62
        // Digits behind a root, 44 characters at most: always well formed.
        return UID("2.25." + String(number)) ?? UID(literal: "2.25.0")
    }

    /// Accession Number (0008,0050): 16 characters, as SH allows.
    public func accessionNumber(_ original: String) -> String {
        identifier(.accessionNumber, original)
    }

    /// The identifier in the place of another one of that kind: 16 capital letters and digits, which AE, CS, LO, PN and SH
    /// can hold; empty for an empty one.
    ///
    /// Spellings are compared as those of Patient IDs.
    public func identifier(_ kind: PseudonymKind, _ original: String) -> String {
        let normalized = PatientKey.normalized(original)
        guard !normalized.isEmpty, let key = identifierKeys[kind] else { return "" }
        return Base32.encode(ProjectKey.authenticationCode(of: [normalized], under: key), length: 16)
    }

    // MARK: Dates

    /// The number of days by which the dates of a patient move; 0 unless dates are shifted, negative when they are.
    public func dayOffset(of patient: PatientKey) -> Int {
        guard case .shifted(let keepsWeekday) = dates else { return 0 }
        let code = ProjectKey.authenticationCode(of: patient.fields, under: dateKey)
        // 64 bits: the remainder favours none of the few numbers by more than one in 10^15.
        let number = code.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return keepsWeekday ? -7 * (Int(number % 521) + 1) : -(Int(number % 3_650) + 1)
    }
}
