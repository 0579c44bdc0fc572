import DICOMCore

/// What is written into a picture on request (PS3.18 8.3.5.1.1): the patient above, the technique below.
struct AnnotationText: Sendable {
    let patient: [String]
    let technique: [String]

    /// - Parameter voi: what the picture was made with; `nil` for colours.
    init(
        _ attributes: FrameAttributes,
        frameIndex: Int,
        _ annotations: Set<RenderingRequest.Annotation>,
        voi: VOITransform?
    ) {
        patient = annotations.contains(.patient) ? Self.patient(attributes.header) : []
        technique = annotations.contains(.technique) ? Self.technique(attributes, frameIndex, voi) : []
    }

    private static func patient(_ header: DataSet) -> [String] {
        var lines: [String] = []
        if let name = name(header), BitmapFont.canDraw(name) { lines.append(name) }
        if let identifier = header.string(.patientID) { lines.append("ID " + identifier) }
        let facts = [header.string(.patientBirthDate).map(date), header.string(.patientSex)].compactMap { $0 }
        lines.append(facts.joined(separator: " "))
        return lines.filter { !$0.isEmpty }
    }

    /// Family name first, as on a film.
    private static func name(_ header: DataSet) -> String? {
        header.personName(.patientName)?.alphabetic.split(separator: "^").joined(separator: " ")
    }

    /// Whether the patient has a name of which most would be question marks: it is not written.
    static func omitsName(_ header: DataSet) -> Bool {
        name(header).map { !BitmapFont.canDraw($0) } ?? false
    }

    private static func technique(
        _ attributes: FrameAttributes,
        _ frameIndex: Int,
        _ voi: VOITransform?
    ) -> [String] {
        let header = attributes.header
        var lines: [String] = []
        let day = header.string(.acquisitionDate) ?? header.string(.studyDate)
        let time = header.string(.acquisitionTime) ?? header.string(.studyTime)
        lines.append(
            [header.string(.modality), day.map(date), time.map(clock)].compactMap { $0 }.joined(separator: " ")
        )
        if let description = header.string(.seriesDescription) { lines.append(description) }
        var numbers: [String] = []
        if let series = header.integer(.seriesNumber) { numbers.append("Se \(series)") }
        if let instance = header.integer(.instanceNumber) { numbers.append("Im \(instance)") }
        if let count = header.integer(.numberOfFrames), count > 1 { numbers.append("Fr \(frameIndex + 1)/\(count)") }
        lines.append(numbers.joined(separator: " "))
        let position = attributes.attributes(.planePositionSequence).decimals(.imagePositionPatient)
        if position.count == 3 {
            lines.append("Pos " + position.map(short).joined(separator: " "))
        }
        switch voi {
        case .window(let window):
            lines.append("C \(DecimalText.of(window.center)) W \(DecimalText.of(window.width))")
        case .table: lines.append("VOI LUT")
        case .range, nil: break
        }
        return lines.filter { !$0.isEmpty }
    }

    /// "20240131" as "2024-01-31"; anything else as it is.
    private static func date(_ text: String) -> String {
        guard text.utf8.count == 8, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return text }
        return text.prefix(4) + "-" + text.dropFirst(4).prefix(2) + "-" + text.suffix(2)
    }

    private static func clock(_ text: String) -> String {
        let digits = text.prefix(6)
        guard digits.utf8.count == 6, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return text }
        return digits.prefix(2) + ":" + digits.dropFirst(2).prefix(2) + ":" + digits.suffix(2)
    }

    /// A number with one decimal at most.
    private static func short(_ number: Double) -> String {
        let tenths = Int(clamping: number * 10)
        guard tenths % 10 != 0 else { return String(tenths / 10) }
        return (tenths < 0 ? "-" : "") + "\(abs(tenths) / 10).\(abs(tenths) % 10)"
    }

    func draw<Sample: RasterSample>(on raster: inout Raster<Sample>) {
        var place = TextPlace(x: 0, y: 0, raster)
        place.x = 4 * place.scale
        place.y = 4 * place.scale
        place.draw(patient, on: &raster, level: .max)
        place.y = raster.height - technique.count * place.lineHeight - 2 * place.scale
        place.draw(technique, on: &raster, level: .max)
    }
}
