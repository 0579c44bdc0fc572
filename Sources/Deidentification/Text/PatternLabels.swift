/// The words in front of numbers that identify somebody, folded.
enum PatternLabels {
    static let telephone: Set<String> = [
        "tel", "telephone", "phone", "fon", "telefon", "telefono", "telefoon", "tlf", "fax", "mobile", "mobil", "handy",
        "cell", "pager", "gsm", "puhelin", "numero de telephone",
    ]

    /// Labels that need no further word.
    static let recordNumber: Set<String> = [
        "mrn", "pid", "patid", "patientid", "patno", "patnr", "patientno", "patientnr", "patientennummer", "fallnr",
        "fallnummer", "aufnahmenr", "aufnahmenummer", "caseno", "casenr", "ipp", "nip", "nif", "dni", "nie", "bsn",
        "cpr",
        "nhs", "ahv", "svnr", "kvnr", "hicn", "accession", "accno", "orderno", "auftragsnr", "auftragsnummer", "ssn",
        "curp",
        "dossier", "passport", "personnummer", "fodselsnummer", "pesel", "chartno", "recordno", "insz", "niss", "rrn",
        "anforderungsnummer", "versichertennummer",
    ]

    /// Labels that need one of `qualifiers` behind them.
    static let qualified: Set<String> = [
        "patient", "pat", "patienten", "case", "fall", "record", "chart", "hosp", "hospital", "order", "auftrag",
        "insurance",
        "versicherung", "policy", "account", "acct", "acc", "visit", "encounter", "admission", "aufnahme", "medical",
        "id",
        "identifier", "paciente", "paziente", "security", "episode",
    ]

    static let qualifiers: Set<String> = [
        "id", "no", "nr", "num", "number", "nummer", "numero", "record", "identifier", "identification", "rec",
    ]

    static let postalCode: Set<String> = [
        "zip", "zipcode", "plz", "postcode", "postleitzahl", "postnr", "cap", "cep", "postalcode", "postal",
    ]

    static let birth: Set<String> = [
        "dob", "born", "birth", "birthdate", "birthday", "geb", "geboren", "gebdat", "geburtsdatum", "nee", "ne",
        "naissance",
        "nato", "nata", "nascita", "nacido", "nacida", "nacimiento", "nascimento", "geboortedatum", "fodt", "fodd",
        "syntynyt",
        "dateofbirth", "geburtsjahr", "jg", "jahrgang",
    ]

    static let years: Set<String> = [
        "yo", "yr", "yrs", "year", "years", "y", "yrsold", "jahre", "jahrig", "jahriger", "jahrige", "jahrigen", "jahr",
        "ans",
        "anos", "anni", "jaar", "jarige", "ar", "vuotta", "let", "lat", "yearold", "yearsold", "aar",
    ]

    static let titles: Set<String> = [
        "dr", "prof", "mr", "mrs", "herr", "frau", "mme", "mlle", "dott", "sig", "sra", "signor", "signora", "monsieur",
        "madame",
        "doctor", "professor", "miss", "pd",
    ]
}
