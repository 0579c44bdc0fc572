import DICOMCore
public import NIOCore

/// Values of every Value Representation, their types and their faults.
public enum ValueTarget: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "Value"

    private static let characterSets: [SpecificCharacterSet] = [
        .ascii, .utf8, SpecificCharacterSet(terms: ["ISO_IR 100"]),
        SpecificCharacterSet(terms: ["", "ISO 2022 IR 87"]),
        SpecificCharacterSet.ascii.assuming(SpecificCharacterSet(terms: ["ISO_IR 144"])),
        SpecificCharacterSet.utf8.assuming(SpecificCharacterSet(terms: ["GB18030"])),
    ]

    /// The first byte chooses the Value Representation, the second the character set; the rest is the value field.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) {
        var bytes = input
        let vr = VR.allCases[Int(bytes.takeChoice()) % VR.allCases.count]
        let choice = Int(bytes.takeChoice())
        let characterSet = characterSets[choice % characterSets.count]
        let tag: Tag = vr == .cs && choice / 6 % 2 == 1 ? .specificCharacterSet : .patientID
        let element = DataElement(tag: tag, vr: vr, value: .bytes(bytes))
        let strings = element.strings(characterSet)
        try checkTypes(element.values(characterSet), element, strings)
        try checkFaults(element.valueFaults(characterSet), strings, element)
        for text in strings { try checkKeys(text) }
    }

    private static func checkTypes(
        _ values: ElementValues,
        _ element: DataElement,
        _ strings: [String]
    ) throws(PropertyViolation) {
        let length = element.bytes?.readableBytes ?? 0
        switch values {
        case .dates(let dates):
            for date in dates { try require(date.value.map { DICOMDate($0.string) == $0 } ?? true, "\(date)") }
            try checkRaw(dates, strings)
        case .times(let times):
            for time in times { try require(time.value.map { DICOMTime($0.string) == $0 } ?? true, "\(time)") }
            try checkRaw(times, strings)
        case .dateTimes(let dateTimes):
            for value in dateTimes {
                try require(value.value.map { $0.string == value.raw } ?? true, "\(value)")
                try require(value.value.map { $0.earliestMicrosecond() <= $0.latestMicrosecond() } ?? true, "\(value)")
            }
            try checkRaw(dateTimes, strings)
        case .ages(let ages):
            for age in ages { try require(age.value.map { AgeString($0.string) == $0 } ?? true, "\(age)") }
            try checkRaw(ages, strings)
        case .integerStrings(let numbers): try checkRaw(numbers, strings)
        case .decimalStrings(let numbers):
            try checkRaw(numbers, strings)
            try require(numbers.allSatisfy { $0.value?.isFinite ?? true }, "a decimal that is not finite")
        case .uids(let uids): try checkRaw(uids, strings)
        case .personNames(let names): try require(names.count == strings.count, "names are lost")
        case .tags(let tags): try require(tags.count == length / 4, "tags are lost")
        case .signed(let numbers): try require(numbers.count == length / element.vr.wordLength, "numbers are lost")
        case .unsigned(let numbers): try require(numbers.count == length / element.vr.wordLength, "numbers are lost")
        case .floats(let numbers): try require(numbers.count == length / 4, "numbers are lost")
        case .doubles(let numbers): try require(numbers.count == length / 8, "numbers are lost")
        case .strings(let values): try require(values == strings, "texts differ")
        case .bytes(let bytes): try require(bytes.readableBytes == length, "bytes are lost")
        case .items, .bulk: try require(false, "bytes have become something else")
        }
    }

    private static func checkRaw<Value>(
        _ values: [ReadValue<Value>],
        _ strings: [String]
    ) throws(PropertyViolation) {
        try require(values.map(\.raw) == strings, "the text of a value is not what stood there")
    }

    /// Faults name values that are there, and what has none is what the types can read.
    private static func checkFaults(
        _ faults: [ValueFault],
        _ strings: [String],
        _ element: DataElement
    ) throws(PropertyViolation) {
        try require(faults.count <= 4 * strings.count + 3, "\(faults.count) faults of \(strings.count) values")
        for index in faults.compactMap(\.valueIndex) {
            try require(index < max(1, strings.count), "a fault of value \(index)")
        }
        guard faults.isEmpty else { return }
        for text in strings where !text.isEmpty {
            switch element.vr {
            case .da: try require(DICOMDate(text) != nil, "no fault in \(text)")
            case .tm: try require(DICOMTime(text) != nil, "no fault in \(text)")
            case .dt: try require(DICOMDateTime(text) != nil, "no fault in \(text)")
            case .as: try require(AgeString(text) != nil, "no fault in \(text)")
            case .is: try require(DataElement.integer(text) != nil, "no fault in \(text)")
            case .ds: try require(DataElement.decimal(text) != nil, "no fault in \(text)")
            case .ui: try require(UID(text) != nil, "no fault in \(text)")
            default: continue
            }
        }
    }

    /// The same text as a key of a query, and as a setting.
    private static func checkKeys(_ text: String) throws(PropertyViolation) {
        if let range = TemporalRange<DICOMDate>(text) {
            try require(range.from != nil || range.to != nil, "a range without ends")
        }
        if let range = TemporalRange<DICOMDateTime>(text) {
            try require(range.from != nil || range.to != nil, "a range without ends")
        }
        _ = TemporalRange<DICOMTime>(text)
        if let term = SpecificCharacterSet.definedTerm(of: text) {
            try require(SpecificCharacterSet.definedTerm(of: term) == term, "\(term) is no term")
            try require(SpecificCharacterSet.definedTerms.contains(term), "\(term) is not listed")
        }
        let components = PersonName(text).components
        try require(components.all.count >= 1, "a name without components")
    }
}
