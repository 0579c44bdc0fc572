import Deidentification
import Testing

@Suite struct `Streets and organisations in text` {
    private func clean(_ text: String, _ patterns: TextPatterns = .all) -> String {
        TextCleaner(identifiers: SubjectIdentifiers(), patterns: patterns).clean(text).text
    }

    @Test(arguments: [
        ("Fall at Gondylstrasse 92", "Fall at ***"), ("Sturz in der Rosenstraße 12a, links", "Sturz in der ***, links"),
        ("Karl-Marx-Allee 5", "***"), ("Hauptstr. 3", "***"), ("Lindenweg 7", "***"), ("Kalverstraat 92", "***"),
        ("in der Bahnhofstrasse", "in der ***"), ("12 Baker Street", "***"), ("12 baker street", "***"),
        ("at Okonkwo Street 5", "at ***"), ("Okonkwo Road 5", "***"), ("12, rue de la Paix", "***"),
        ("Rosenstrasse 12, Glimmerstadt, SSN", "***, SSN"), ("12 Baker Street, 10437 Glimmer", "***"),
        ("Rosenstrasse 12, Verdacht auf Bruch", "***, Verdacht auf Bruch"),
        ("Sturz Rosenstrasse 12, Schenkelhalsfraktur.", "Sturz ***, Schenkelhalsfraktur."),
        ("Via Garibaldi 5, 00184 Roma", "***"), ("Wilhelminenhofstraße 75", "***"),
        ("Calle Cervantes, 5", "***"),
        ("adresse: 5 Pinewood, 10115 Berlin. CT", "adresse: ***. CT"),
        ("wohnhaft Gondyl 92, überwiesen", "wohnhaft ***, überwiesen"), ("住址朝阳区92号。胸部", "住址***。胸部"),
    ]) func `streets go`(text: String, expected: String) {
        #expect(clean(text) == expected)
    }

    @Test(arguments: [
        ("Unit of Raptrok Abteilung, S/N", "Unit of ***, S/N"), ("Raptrokdrem Abteilung", "***"),
        ("from Walpurga Hospital.", "from ***."),
        ("Walpurga General Hospital", "***"), ("Walpurga Medical Center", "***"), ("Walpurgaspital", "***"),
        ("Müller-Klinik", "***"), ("University of Glimmerfeld", "***"), ("Klinikum Glimmerfeld", "***"),
        ("Hospital de la Glimmera", "***"), ("at St. Mary's Hospital.", "at St. ***."),
        ("Hildegardiskrankenhaus", "***"), ("aus der Glimmer Klinik", "aus der ***"),
        ("seen at 黒鷺病院 today", "seen at *** today"),
    ]) func `organisations go unless their identity is retained`(text: String, expected: String) {
        #expect(clean(text) == expected)
        #expect(clean(text, TextPatterns.all.subtracting([.organisation])) == text)
    }

    @Test(arguments: [
        "Atemweg 2", "Zugangsweg 3 mm", "via femoral access 6F", "via port 5", "Typische Klinik",
        "Chirurgische Abteilung",
        "the Hospital", "Pain Clinic", "Universitätsklinikum", "Poliklinik", "outside Hospital", "Level 2 Street",
        "Kontrastmittel 90 ml", "to address the pain in 3 days", "Monitoring 3", "Weg 2", "drive 5", "Lane 3",
        "Center 3.5", "Window Center 40", "Heart Center", "Hospital day 3", "in hospital for 3 days", "大学病院",
        "lesion 5 mm close to the IVC", "2 nodules close to the pleura", "10 cm square field",
        "Herd ist 5 mm weg vom Pankreas",
        "Voie centrale installée", "mit lymphoiden Aggregaten", "Ausläufer 5 mm", "Nervenblockade 10 ml",
        "Rekonstr. 3 mm",
        "Infektionsweg 2", "Marathonläufer, 45 Jahre", "Via Femoralis 6F Schleuse", "Via Subclavia 3 Lumen",
        "Im Krankenhaus Pneumonie entwickelt", "Krankenhaus MRT", "Bei Appendizitis Klinik unauffällig",
        "CLINIQUE DOULEUR THORACIQUE", "Diabetes Praxis", "Prehospital arrest", "PNEUMOTHORAX HOSPITAL DAY 3",
        "Avenue", "T1 Allee", "Stent platziert 5 mm", "Herzspital", "Universität",
    ]) func `words that only look like them stay`(text: String) {
        #expect(clean(text) == text)
    }

    @Test func `cleaning again changes nothing`() {
        let once = clean("12 Baker Street, Rosenstrasse 5, Walpurga Hospital, adresse: 5 Pinewood, 10115 Berlin")

        #expect(clean(once) == once)
    }
}
