"""The people of the leak corpus: made-up identities in every character set that DICOM knows, and made-up words."""

import hashlib
import random
from dataclasses import dataclass, field

LATIN_AND_CYRILLIC = "ISO 2022 IR 100\\ISO 2022 IR 144"
# Specific Character Set, Latin family and given name, name as it is written in that set, a sentence about the patient.
# The names exist nowhere on purpose: each part is found again wherever it turns up.
IDENTITIES = [
    (
        "ISO_IR 100",
        "Grünwaldter",
        "Änneliese",
        "Grünwaldter^Änneliese^Maria^Dr.^",
        "Patientin {native_first} {native_last}, geb. {birth_german}, wohnhaft {street}, überwiesen am {exam_dotted}.",
    ),
    (
        "\\ISO 2022 IR 87",
        "Kurosagiya",
        "Harutoki",
        "Kurosagiya^Harutoki=黒鷺谷^春刻=くろさぎや^はるとき",
        "患者 {native_last} {native_first} 様、生年月日 {birth_japanese}、電話 {phone}。",
    ),
    (
        "ISO 2022 IR 13\\ISO 2022 IR 87",
        "ｼﾗｶﾜｼﾞﾏ",
        "ﾕｷﾋﾒｺ",
        "ｼﾗｶﾜｼﾞﾏ^ﾕｷﾋﾒｺ=白川島^雪姫子=しらかわじま^ゆきひめこ",
        "患者名 {native_last} {native_first}、ID {pid}。",
    ),
    (
        "\\ISO 2022 IR 149",
        "Hwangbokyu",
        "Seoyunha",
        "Hwangbokyu^Seoyunha=皇甫奎^西潤河=황보규^서윤하",
        "환자 {native_last} {native_first}, 생년월일 {birth_iso}, 전화 {phone}",
    ),
    (
        "GB18030",
        "Ouyangqing",
        "Mingyueru",
        "Ouyangqing^Mingyueru=欧阳庆^明月如",
        "患者{native_last}{native_first}，出生日期{birth_japanese}，住址{street}。",
    ),
    (
        "GBK",
        "Shangguanlu",
        "Tianyuze",
        "Shangguanlu^Tianyuze=上官鹿^天宇泽",
        "患者：{native_last}{native_first}，病历号{pid}。",
    ),
    (
        "\\ISO 2022 IR 58",
        "Zhugemiao",
        "Xinghaibo",
        "Zhugemiao^Xinghaibo=诸葛苗^星海波",
        "患者 {native_last} {native_first} 门诊号 {pid}",
    ),
    (
        "ISO_IR 126",
        "Παπαλυκούδης",
        "Θεοκλήτος",
        "Παπαλυκούδης^Θεοκλήτος",
        "Ασθενής {native_first} {native_last}, γεν. {birth_dotted}, τηλ. {phone}",
    ),
    (
        "ISO_IR 144",
        "Златогривцев",
        "Святобор",
        "Златогривцев^Святобор^Ильич",
        "Пациент {native_last} {native_first}, д.р. {birth_dotted}, адрес {street}",
    ),
    ("ISO_IR 127", "القمرصقري", "نوررمال", "القمرصقري^نوررمال", "المريض {native_first} {native_last} رقم {pid}"),
    ("ISO_IR 138", "כוכבזהבי", "אבירוחן", "כוכבזהבי^אבירוחן", "המטופל {native_first} {native_last} ת.ז. {ssn}"),
    ("ISO_IR 166", "ดาวทองสุข", "ลมเหนือชัย", "ดาวทองสุข^ลมเหนือชัย", "ผู้ป่วย {native_first} {native_last} โทร {phone}"),
    (
        "ISO_IR 101",
        "Źdźbłowska",
        "Żywisława",
        "Źdźbłowska^Żywisława",
        "Pacjentka {native_first} {native_last}, ur. {birth_dotted}, tel. {phone}",
    ),
    (
        "ISO_IR 148",
        "Gümüşbağlı",
        "İlkışığı",
        "Gümüşbağlı^İlkışığı",
        "Hasta {native_first} {native_last}, doğum {birth_dotted}, adres {street}",
    ),
    (
        "ISO_IR 192",
        "Šťastnýhôrka",
        "Zoëlína",
        "Šťastnýhôrka^Zoëlína=星ノ宮^蒼空=ほしのみや^そら",
        "Pacient {native_first} {native_last} (星ノ宮 蒼空), nar. {birth_dotted}, {email}",
    ),
    (
        "",
        "Kestrelby",
        "Agathine",
        "Kestrelby^Agathine^Q^Ms^Esq",
        "Pt {native_last}, {native_first} DOB {birth_us}, SSN {ssn}, call {phone}",
    ),
    (
        "ISO_IR 109",
        "Ĝardenŝtono",
        "Ĵoĥanĉjo",
        "Ĝardenŝtono^Ĵoĥanĉjo",
        "Paciento {native_first} {native_last}, naskita {birth_dotted}",
    ),
    (
        "ISO_IR 110",
        "Bērzkalnēns",
        "Ģirtļānis",
        "Bērzkalnēns^Ģirtļānis",
        "Pacients {native_first} {native_last}, dz. {birth_dotted}",
    ),
    (
        "ISO_IR 203",
        "Bœufmartel",
        "Maëlœuvre",
        "Bœufmartel^Maëlœuvre",
        "Patiente {native_first} {native_last}, née le {birth_dotted}, {street}",
    ),
    (
        "\\ISO 2022 IR 87\\ISO 2022 IR 159",
        "Aizawamori",
        "Sumirekai",
        "Aizawamori^Sumirekai=龢澤森^菫櫂=あいざわもり^すみれかい",
        "患者 {native_last} {native_first} 氏",
    ),
    (
        LATIN_AND_CYRILLIC,
        "Lumièrefort",
        "Étiennard",
        "Lumièrefort^Étiennard=Светлокреп^Этьенар",
        "Patient {native_first} {native_last} (Светлокреп Этьенар), né le {birth_dotted}",
    ),
    (
        "",
        "Thornwickham",
        "Barnabus",
        "Thornwickham^Barnabus",
        "THORNWICKHAM, BARNABUS male born {birth_long} lives at {street} mail {email}",
    ),
]

MONTHS_ENGLISH = ("January February March April May June July August September October November December").split()
MONTHS_GERMAN = ("Januar Februar März April Mai Juni Juli August September Oktober November Dezember").split()
ONSETS = "b br d dr f fl g gr h k kl kr l m n p pl qu r s st t tr v w z".split()
VOWELS = "a e i o u y".split()
CODAS = "b d k l m n p r s t v x z".split()


class Words:
    """Made-up words, numbers and dates; none is given twice, and the same seed gives the same ones."""

    def __init__(self, seed):
        self.random = random.Random(f"leak corpus {seed}")
        self.seed = seed
        self.given = set()

    def word(self):
        """A word of three syllables that no language has."""
        while True:
            parts = [self.random.choice(ONSETS) + self.random.choice(VOWELS) + self.random.choice(CODAS) for _ in "123"]
            word = "".join(parts).capitalize()
            if len(word) <= 11 and word[:7] not in self.given:
                self.given.add(word[:7])
                return word

    def digits(self, count=9):
        """A number as text, without a leading zero."""
        while True:
            number = str(self.random.randrange(10 ** (count - 1), 10**count))
            if number not in self.given:
                self.given.add(number)
                return number

    def date(self, first_year, last_year):
        """(year, month, day); the day is above 12, so that its forms differ from each other."""
        while True:
            date = (
                self.random.randint(first_year, last_year),
                self.random.randint(1, 12),
                self.random.randint(13, 28),
            )
            if date not in self.given:
                self.given.add(date)
                return date

    def day(self):
        """A day in the life of a machine, as DA."""
        return "{}{:02d}{:02d}".format(*self.date(2000, 2007))

    def time(self):
        """A time to the microsecond."""
        return (
            f"{self.random.randint(0, 23):02d}{self.random.randint(0, 59):02d}{self.random.randint(0, 59):02d}"
            f".{self.random.randint(100000, 999999)}"
        )

    def uid(self, *labels):
        """A UID below 2.25 that depends on the labels alone."""
        text = "/".join(str(label) for label in (self.seed, *labels))
        return f"2.25.{int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], 'big') | 1 << 127}"


def forms(prefix, date):
    """The forms in which people write a date, by name."""
    year, month, day = date
    return {
        prefix: f"{year}{month:02d}{day:02d}",
        f"{prefix}_digits": f"{day:02d}{month:02d}{year}",
        f"{prefix}_dotted": f"{day:02d}.{month:02d}.{year}",
        f"{prefix}_iso": f"{year}-{month:02d}-{day:02d}",
        f"{prefix}_us": f"{month}/{day}/{year % 100:02d}",
        f"{prefix}_us_digits": f"{month:02d}{day:02d}{year}",
        f"{prefix}_long": f"{MONTHS_ENGLISH[month - 1]} {day}, {year}",
        f"{prefix}_middle": f"{day}-{MONTHS_ENGLISH[month - 1][:3].upper()}-{year}",
        f"{prefix}_german": f"{day}. {MONTHS_GERMAN[month - 1]} {year}",
        f"{prefix}_japanese": f"{year}年{month}月{day}日",
    }


@dataclass(frozen=True)
class Person:
    """A patient with all that identifies him or her: `facts` by placeholder, with the kind of each."""

    number: int
    charset: str
    name: str
    facts: dict
    kinds: dict
    sentence: str
    exam: tuple
    uids: dict = field(hash=False)


def person(number, words):
    """The identity with this number, 0-based; the same words in the same state give the same person."""
    charset, family, given, name, sentence = IDENTITIES[number]
    groups = name.split("=")
    parts = groups[1 if len(groups) > 1 and charset not in ("ISO_IR 192", LATIN_AND_CYRILLIC) else 0].split("^")
    facts, kinds = {}, {}

    def fact(kind, **values):
        for key, value in values.items():
            facts[key] = value
            kinds[key] = kind

    fact("name", last=family, first=given, native_last=parts[0], native_first=parts[1])
    fact("name", upper_last=family.upper(), upper_first=given.upper())
    fact("name", maiden=words.word(), mother=words.word(), alias=words.word())
    birth, exam, prior = words.date(1931, 1999), words.date(2015, 2022), words.date(2008, 2014)
    for prefix, date in (("birth", birth), ("exam", exam), ("prior", prior)):
        for key, value in forms(prefix, date).items():
            fact("birth" if prefix == "birth" else "date", **{key: value})
    fact("birth", birth_time=words.time())
    fact("time", exam_time=words.time(), prior_time=words.time())
    pid = words.digits(8)
    fact("id", pid=pid, pid_spaced=f"{pid[:4]} {pid[4:]}", pid_dashed=f"{pid[:2]}-{pid[2:5]}-{pid[5:]}")
    fact("id", other_pid=words.digits(8), accession=words.digits(8), study_id=words.digits(8))
    fact("id", insurance=words.digits(10), admission=words.digits(8), order=words.digits(8))
    ssn = words.digits(9)
    fact("ssn", ssn=f"{ssn[:3]}-{ssn[3:5]}-{ssn[5:]}", ssn_digits=ssn)
    phone = words.digits(7)
    fact("phone", phone=f"+49 30 {phone[:3]} {phone[3:]}", phone_us=f"({phone[:3]}) 555-{phone[3:]}")
    host = words.word().lower()
    fact("email", email=f"{words.word().lower()}@{host}.example")
    fact("url", home=f"https://{host}.example/~{words.word().lower()}")
    street, city = words.word(), words.word()
    fact("address", street=f"{street}strasse {words.random.randint(10, 99)}", city=f"{city}stadt")
    fact("institution", hospital=f"{words.word()} Klinikum", department=f"{words.word()} Abteilung")
    fact("institution", hospital_street=f"{words.word()} Allee {words.random.randint(10, 99)}")
    fact("physician", referring=words.word(), performing=words.word(), reading=words.word(), operator=words.word())
    fact("device", serial=f"SN{words.digits(9)}", station=words.word().upper())
    uids = {}
    for role in ("study", "frame", "frame2", "series"):
        # As scanners make them: the root of the maker, the serial number, date and time of the examination.
        uids[role] = (
            f"1.2.826.0.1.3680043.10.999.{facts['serial'][2:]}.{facts['exam']}{facts['exam_time'][:6]}.{words.digits(5)}"
        )
    return Person(number, charset, name, facts, kinds, sentence, exam, uids)


def people(words):
    """All of them."""
    return [person(number, words) for number in range(len(IDENTITIES))]
