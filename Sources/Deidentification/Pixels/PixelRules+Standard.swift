import DICOMPixels

extension PixelRules {
    /// The rules that come with the program.
    ///
    /// Places of text on screens are facts of certain devices and settings, published with the DICOM Pixel Anonymizer of
    /// RSNA's Clinical Trial Processor (CTP). Other software versions put text elsewhere: a rule that matches takes
    /// pixels away, it never makes an object safe, and text is looked for all the same.
    public static let standard = PixelRules(pages + dosePages + screens)

    /// Pictures that show little but text or a person.
    private static let pages: [PixelRule] = [
        PixelRule(
            name: "Labels of microscope slides",
            when: [.modality: ["SM"], .imageType: ["LABEL"]],
            [.exclude("the label of a slide names the patient")]
        ),
        PixelRule(
            name: "Overviews of microscope slides",
            when: [.modality: ["SM"], .imageType: ["OVERVIEW"]],
            [.searchText(true)]
        ),
        PixelRule(
            name: "Scanned documents",
            when: [.modality: ["DOC"]],
            [.exclude("a page of text")]
        ),
        PixelRule(
            name: "Patient protocols of CT",
            when: [.modality: ["CT"], .seriesDescription: ["*patient protocol*"]],
            [.exclude("a page of text")]
        ),
    ]

    private static let dosePages: [PixelRule] = [
        screen(
            "GE dose report",
            [.modality: ["CT"], .manufacturer: ["*GE*"], .seriesDescription: ["*dose report*"]],
            512,
            110
        ),
        screen("GE screen save", [.modality: ["CT"], .manufacturer: ["*GE*"], .imageType: ["SCREEN SAVE"]], 512, 121),
        screen(
            "Siemens dose page",
            [.modality: ["CT"], .manufacturer: ["*SIEMENS*"], .rows: ["860"], .imageType: ["SECONDARY"]],
            1132,
            60
        ),
        screen(
            "Philips dose page",
            [.modality: ["CT"], .manufacturer: ["*PHILIPS*"], .imageType: ["*DOSE*"]],
            512,
            135
        ),
    ]

    /// The head of the screen of ultrasound devices.
    private static let screens: [PixelRule] = [
        ultrasound("*SIEMENS*", "*S2000*", rows: "768", columns: "1024", 1024, 60),
        ultrasound("*SIEMENS*", "*Antares*", rows: "768", columns: "1024", 1024, 60),
        ultrasound("*ACUSON*", "*SEQUOIA*", rows: "480", columns: "640", 640, 30),
        ultrasound("*GE*", "LOGIQ9*", 640, 30),
        ultrasound("*GE*", "LOGIQE9*", 960, 70),
        ultrasound("*GE*", "*V830*", 960, 70),
        ultrasound("*Philips*", "*iU22*", rows: "480", 640, 47),
        ultrasound("*Philips*", "*iU22*", rows: "600", 800, 59),
        ultrasound("*Philips*", "*iU22*", rows: "786", 1024, 75),
        ultrasound("*Philips*", "*EPIQ*", rows: "600", 1024, 49),
        ultrasound("*Philips*", "*EPIQ*", rows: "768", 1024, 49),
        ultrasound("*Philips*", "*CX50*", 800, 59),
        ultrasound("*Zonare*", "*Z_ONE*", rows: "600", 800, 65),
        ultrasound("*TOSHIBA*", "*A400*", rows: "720", columns: "960", 960, 60),
        ultrasound("*TOSHIBA*", "*A500*", rows: "720", columns: "960", 960, 60),
        ultrasound("*SuperSonic*", "*Aixplorer*", rows: "1050", columns: "1400", 1400, 89),
    ]

    private static func ultrasound(
        _ manufacturer: String,
        _ model: String,
        rows: String? = nil,
        columns: String? = nil,
        _ width: Int,
        _ height: Int
    ) -> PixelRule {
        var conditions: [PixelRule.Condition: [String]] = [
            .modality: ["US", "IVUS"], .manufacturer: [manufacturer], .model: [model],
        ]
        if let rows { conditions[.rows] = [rows] }
        if let columns { conditions[.columns] = [columns] }
        let name = "\(manufacturer) \(model)".filter { $0 != "*" }
        return screen("\(name), head of the screen", conditions, width, height)
    }

    private static func screen(
        _ name: String,
        _ conditions: [PixelRule.Condition: [String]],
        _ width: Int,
        _ height: Int
    ) -> PixelRule {
        PixelRule(
            name: name,
            when: conditions,
            [.blackOut([PixelRectangle(x: 0, y: 0, width: width, height: height)])]
        )
    }
}
