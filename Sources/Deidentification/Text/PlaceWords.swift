/// The words by which streets and organisations are known, folded.
enum PlaceWords {
    /// Ends of words that only streets have.
    static let streetEndings = ["strasse", "straat", "steenweg"]

    /// Ends of words that streets have among others: a number has to follow, and the word is capitalised.
    static let openStreetEndings = [
        "allee", "gasse", "gatan", "gaten", "vagen", "veien", "weg", "platz", "damm", "ufer", "vej", "gade", "plein",
        "gracht",
        "kade", "laan", "str",
    ]

    /// Parts of words with such an end that name no street.
    static let noStreets = [
        "laufer", "blockade", "kaskade", "dekade", "konstr", "menstr", "administr", "demonstr", "install", "emball",
        "infektion", "atemweg", "luftweg", "gallenweg", "harnweg", "zugang", "speiseweg", "leitungsweg", "stichweg",
        "umweg",
        "messplatz", "arbeitsplatz", "beckendamm", "schlafplatz", "liegeplatz", "aggregat", "surrogat", "registr",
        "magnetstr",
    ]

    /// Ends of the names of towns.
    static let townEndings = [
        "stadt", "burg", "dorf", "hausen", "furt", "kirchen", "ingen", "ville", "town", "bury", "shire", "borough",
    ]

    /// What numbers count and measure.
    static let units: Set<String> = [
        "mm", "cm", "m", "ml", "l", "mg", "g", "kg", "f", "fr", "ch", "gauge", "jahre", "jahren", "jahr", "tage",
        "tagen",
        "wochen", "monate", "stunden", "lumen", "min", "sec", "sek", "h", "uhr", "x", "mal", "kv", "ma", "mas", "mgy",
        "gy", "mbq",
        "grad", "hz", "years", "year", "days", "weeks", "months", "hours", "minutes", "ans", "jours", "anos", "dias",
        "hu", "he",
    ]

    /// Words behind the name of a street: `Baker Street`.
    static let streetsBehind: Set<String> = ["street", "strasse", "avenue", "boulevard"]

    /// Words behind the name of a street that mean other things, too: a number stands beside it.
    static let openStreetsBehind: Set<String> = [
        "allee", "gasse", "road", "lane", "drive", "terrace", "weg", "platz", "ave", "rd", "blvd", "court", "crescent",
        "square", "close",
    ]

    /// Words in front of the name of a street, which has a number before or behind it: `12, rue de la Paix`.
    static let streetsInFront: Set<String> = [
        "rue", "avenue", "boulevard", "chemin", "impasse", "quai", "via", "viale", "piazza", "corso", "calle",
        "avenida",
        "plaza", "paseo", "rua", "praca", "ulica", "ul",
    ]

    /// Small words inside of names of streets and organisations.
    static let particles: Set<String> = [
        "de", "la", "le", "les", "du", "des", "del", "della", "delle", "di", "da", "do", "dos", "das", "d", "l", "y",
        "of",
        "the", "am", "an", "der", "den", "van", "von", "zu", "im",
    ]

    /// Labels of addresses; those that are words of other meaning, too, need a colon.
    static let addressLabels: Set<String> = ["wohnhaft", "anschrift", "wohnadresse", "адрес", "проживает"]
    static let addressLabelsWithColon: Set<String> = [
        "address", "adresse", "adres", "adress", "indirizzo", "direccion", "domicilio", "domicile", "endereco",
        "osoite",
        "wohnort", "residence",
    ]
    /// Labels in scripts that do not separate words.
    static let denseAddressLabels = ["住址", "住所", "주소", "地址"]

    /// Organisations with their name in front of them.
    static let organisations: Set<String> = [
        "klinikum", "klinik", "krankenhaus", "spital", "hospital", "clinic", "abteilung", "ambulanz", "praxis",
        "university",
        "universitat", "ziekenhuis", "sykehus", "sykehuset", "sjukhus", "sjukhuset", "sairaala", "infirmary",
        "sanatorium",
        "hospice", "szpital", "nemocnice", "korhaz", "hastanesi",
    ]

    /// Words behind "hospital" that make something else of it.
    static let noOrganisationBefore: Set<String> = [
        "course", "day", "days", "stay", "acquired", "admission", "visit", "note", "number", "discharge", "based",
    ]

    /// Words in front of the name of a clinic.
    static let articles: Set<String> = [
        "der", "die", "das", "in", "aus", "von", "zur", "an", "einer", "and", "the", "from", "at",
    ]

    /// Ends of words for diseases and procedures, and of abstract nouns.
    static let medicalEndings = [
        "itis", "ose", "osis", "ie", "ung", "heit", "keit", "om", "oma", "ismus", "ion", "pathy", "emia", "amie", "ity",
        "graphy",
        "tomy", "gramm", "gram", "diabetes", "thorax", "schmerz", "schmerzen", "aufenthalt", "verlauf", "itiden",
        "zitis",
        "insuffizienz", "ance", "ence", "ment", "douleur", "dolor", "dolore",
    ]

    /// Organisations with their name behind them.
    static let organisationsBefore: Set<String> = [
        "klinikum", "universitat", "universite", "universidad", "universita", "universidade", "hopital", "ospedale",
        "policlinico", "clinica", "clinique", "szpital", "nemocnice",
    ]

    /// Organisations with their name behind them when a small word stands between: `Hospital de la Paz`.
    static let organisationsWithParticle: Set<String> = ["hospital", "university", "centre", "centro", "center"]

    /// Ends of words that are such an organisation with its name: `Walpurgaspital`.
    static let organisationEndings = [
        "klinikum", "klinik", "krankenhaus", "spital", "sjukhus", "sykehus", "ziekenhuis",
    ]

    /// What such a word begins with when it says only of which kind the organisation is.
    static let kindsOfOrganisation: Set<String> = [
        "poli", "tages", "frauen", "kinder", "augen", "haut", "zahn", "universitats", "uni", "reha", "fach", "akut",
        "privat", "haupt", "kreis", "bezirks", "stadt", "landes", "militar", "rehabilitations", "herz", "schmerz",
        "lungen",
        "notfall", "kur", "bundeswehr", "belegs", "beleg", "kinderherz", "hno", "unfall", "tier",
    ]

    /// Words in front of an organisation that are not its name.
    static let noNames: Set<String> = [
        "the", "our", "this", "that", "his", "her", "their", "any", "at", "in", "im", "am", "an", "der", "die", "das",
        "dem",
        "unser", "aus", "vom", "zur", "zum", "und", "and", "from", "by", "outside", "referring", "referred", "local",
        "home",
        "day", "same", "pain", "memory", "for", "per", "via", "to", "is", "was", "no", "st", "previous", "prior",
        "other",
        "another", "unsere", "eigene", "seit", "laut", "klinik", "radiology", "mri", "ct", "ed", "er", "icu", "patient",
        "since", "with", "between", "near", "teaching", "veterans", "rural", "urban", "acute", "children", "womens",
    ]

    /// How German adjectives end before their own ending.
    static let adjectiveStems = [
        "isch", "lich", "ig", "iv", "al", "ell", "ar", "los", "end", "iert", "inner", "neu", "alt", "gross", "klein",
        "gut",
        "haft", "bar", "sam", "eigen", "ander", "erst", "zweit", "aktuell", "unklar",
    ]

    /// Organisations in scripts that do not separate words; their name stands right before them.
    static let denseOrganisations = ["病院", "医院", "診療所", "诊所", "クリニック", "병원", "의원"]

    /// Names of such organisations that say nothing.
    static let denseKinds: Set<String> = ["大学", "総合", "综合", "中央", "市立", "市民", "人民", "大学附属", "附属", "当", "本"]
}
