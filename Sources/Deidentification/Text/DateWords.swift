/// The words of dates, folded.
enum DateWords {
    /// The number of a month, 1 to 12.
    static func month(_ word: String) -> Int? { months[word] }

    /// Whether the name of a month means something else, too: `5 may be seen`, `mar`, `dec`.
    static func isAmbiguous(_ word: String) -> Bool { ambiguous.contains(word) }

    /// Whether the name of a month is a common word that may stand in front of any number: `set 2000`.
    static func isOtherWord(_ word: String) -> Bool { otherWords.contains(word) }

    private static let otherWords: Set<String> = [
        "set", "out", "ago", "led", "list", "mag", "lis", "cer", "sie", "rij",
    ]

    /// What stands behind the number of a day.
    static let ordinals: Set<String> = ["st", "nd", "rd", "th", "er", "e", "eme", "o", "a", "ten", "te"]

    /// What stands between the parts of a date.
    static let particles: Set<String> = ["of", "de", "del", "di", "d", "den", "the", "do"]

    private static let ambiguous: Set<String> = [
        "may", "mar", "mars", "march", "mai", "maj", "dec", "sep", "set", "out", "ago", "ott", "lut", "led", "maio",
        "mayo",
        "dez", "abr", "avr", "mag", "mei", "sie", "cer", "lis", "list", "rij", "kesa",
    ]

    /// The names of each month, from January on.
    private static let names = [
        "january jan januar janner janv janvier enero ene gennaio gen janeiro januari tammikuu tammikuuta styczen stycznia sty leden ledna ocak",
        "february feb februar fevrier fev fevr febrero febbraio fevereiro februari helmikuu helmikuuta luty lutego lut unor unora subat",
        "march mar marz mrz maerz mars marzo marco maart mrt maaliskuu maaliskuuta marzec marca brezen brezna mart",
        "april apr avril avr abril abr aprile april huhtikuu huhtikuuta kwiecien kwietnia kwi duben dubna nisan",
        "may mai mayo maggio mag maio mei maj toukokuu toukokuuta maja kveten kvetna mayis",
        "june jun juni juin junio giugno giu junho kesakuu kesakuuta czerwiec czerwca cze cerven cervna haziran",
        "july jul juli juillet juil julio luglio lug julho heinakuu heinakuuta lipiec lipca lip cervenec cervence temmuz",
        "august aug aout agosto ago augustus augusti elokuu elokuuta sierpien sierpnia sie srpen srpna agustos",
        "september sep sept septembre septiembre settembre set setembro syyskuu syyskuuta wrzesien wrzesnia wrz zari eylul",
        "october oct oktober okt octobre octubre ottobre ott outubro out lokakuu lokakuuta pazdziernik pazdziernika paz rijen rijna ekim",
        "november nov novembre noviembre novembro marraskuu marraskuuta listopad listopada lis kasim",
        "december dec dezember dez decembre diciembre dic dicembre dezembro desember des joulukuu joulukuuta grudzien grudnia gru prosinec prosince aralik",
    ]

    private static let months: [String: Int] = Dictionary(
        names.enumerated().flatMap { place, words in words.split(separator: " ").map { (String($0), place + 1) } },
        uniquingKeysWith: { first, _ in first }
    )
}
