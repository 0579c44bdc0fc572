import DICOMCoding
public import DICOMCore
import DICOMPixels
public import Deidentification
import NIOCore

/// De-identifies objects: transforms each, cleans its pixels, writes it, and reads what was written before it may leave.
public struct ObjectDeidentification: Sendable {
    let deidentifier: Deidentifier
    let pseudonyms: Pseudonyms
    let names: NameList
    let leakPolicy: LeakPolicy
    let cleaner: PixelCleaner
    let frameLengthLimit: Int

    /// Puts together what decides about all objects.
    ///
    /// - Parameter frameLengthLimit: Bytes of a frame that is made anew.
    public init(
        profile: DeidentificationProfile,
        pseudonyms: Pseudonyms,
        names: NameList = .empty,
        leakPolicy: LeakPolicy,
        cleaner: PixelCleaner,
        frameLengthLimit: Int
    ) {
        deidentifier = Deidentifier(profile: profile)
        self.pseudonyms = pseudonyms
        self.names = names
        self.leakPolicy = leakPolicy
        self.cleaner = cleaner
        self.frameLengthLimit = frameLengthLimit
    }

    /// What is known of a patient from all objects.
    public struct Patient: Sendable {
        let identifiers: SubjectIdentifiers
        let patterns: LeakPatterns
        let texts: ObjectTexts
        /// What is looked for in pictures; empty where nobody looks.
        let words: IdentifierMatcher
    }

    private var looksAtPictures: Bool {
        !deidentifier.profile.options.isDisjoint(with: [.cleanPixelData, .cleanGraphics])
    }

    /// What a patient's identifiers are made into once for all of the patient's objects.
    public func patient(_ identifiers: SubjectIdentifiers) -> Patient {
        let identifiers = identifiers.unwanted(by: deidentifier.profile)
        return Patient(
            identifiers: identifiers,
            patterns: LeakPatterns(identifiers, policy: leakPolicy),
            texts: ObjectTexts(identifiers: identifiers, profile: deidentifier.profile, names: names),
            words: IdentifierMatcher(looksAtPictures ? identifiers.identifiers.map(\.text) : [])
        )
    }

    /// The patient of a Data Set.
    public func patient(of header: DataSet) -> PatientKey { pseudonyms.patient(of: header) }

    /// The first pass over an object.
    public static func survey(_ original: OriginalObject) async throws -> SurveyedObject {
        var survey = ObjectSurvey(limits: .deidentified)
        try await original.forEachChunk { try survey.append($0) }
        return try survey.finish()
    }

    /// Makes a new object, which gets its name when nothing that identifies the patient was found in it.
    ///
    /// - Parameter begin: Begins to take the new object; `nil` when it is there already.
    /// - Throws: What reading the original and writing the new object throw.
    public func deidentify<Draft: ObjectDraft>(
        _ original: OriginalObject,
        _ patient: Patient,
        into begin: (DeidentifiedObject) async throws -> Draft?
    ) async throws -> DeidentificationOutcome {
        do {
            let prepared: PreparedObject
            switch try await prepare(original, patient) {
            case .ready(let object): prepared = object
            case .excluded(let reason): return .refused(code: "pixels", text: reason)
            }
            guard var draft = try await begin(prepared.object) else {
                return .present(sopInstanceUID: prepared.object.sopInstanceUID)
            }
            do {
                var scanner = scanner(for: prepared, patient)
                var length: UInt64 = 0
                let frames = try await write(prepared) { bytes in
                    scanner.append(bytes)
                    length += UInt64(bytes.readableBytes)
                    try await draft.write(bytes)
                }
                let leaks = scanner.finish()
                guard leaks.isEmpty else {
                    await draft.discard()
                    return .refused(code: "leak", text: Self.text(of: leaks))
                }
                try await draft.finish()
                return .written(
                    sopInstanceUID: prepared.object.sopInstanceUID,
                    bytes: length,
                    frames: frames,
                    actions: prepared.object.actions
                )
            } catch {
                await draft.discard()
                throw error
            }
        } catch DeidentificationError.unreadable(let error) where error.code == .notDICOM {
            return .noDICOM
        } catch let error as DeidentificationError {
            return .refused(code: error.code, text: error.description)
        } catch let error as PixelError {
            return .refused(code: "pixels", text: error.description)
        }
    }

    /// An object that was looked through, and what it becomes.
    struct PreparedObject: Sendable {
        let original: OriginalObject
        let survey: SurveyedObject
        var object: DeidentifiedObject
        let pixels: Pixels?

        /// The Transfer Syntax in which it is written.
        func transferSyntax(_ replacement: HeaderReplacer.FrameReplacement?) -> TransferSyntax {
            replacement?.target ?? object.transferSyntax
        }
    }

    /// Whether an object may be made at all.
    enum Preparation: Sendable {
        case ready(PreparedObject)
        /// Its pixels cannot be cleaned.
        case excluded(String)
    }

    /// Decides what becomes of an object.
    ///
    /// - Parameter additions: Elements that the new object gets besides, made of what the original holds.
    func prepare(
        _ original: OriginalObject,
        _ patient: Patient,
        adding additions: (SurveyedObject) -> DataSet = { _ in DataSet() }
    ) async throws -> Preparation {
        let survey = try await Self.survey(original)
        var object = try deidentifier.transform(survey, pseudonyms: pseudonyms, texts: patient.texts)
        let pixels = try await pixels(of: survey, object, original, patient)
        if case .exclude(let reason) = pixels?.plan.decision { return .excluded(reason) }
        if let plan = pixels?.plan { describe(plan, &object) }
        object.describePixels(additions(survey), removing: [])
        return .ready(PreparedObject(original: original, survey: survey, object: object, pixels: pixels))
    }

    /// What looks for the patient in the bytes that are written.
    func scanner(for prepared: PreparedObject, _ patient: Patient) -> LeakScanner {
        LeakScanner(
            patient.patterns,
            original: SubjectIdentifiers(
                collecting: prepared.survey.header,
                fileMeta: prepared.survey.fileMetaInformation
            ).unwanted(by: deidentifier.profile),
            limits: .deidentified
        )
    }

    /// Where what identifies the patient was found; names no value.
    static func text(of leaks: [Leak]) -> String {
        let places = leaks.prefix(3).map(\.description).joined(separator: "; ")
        return "what identifies the patient is still there: " + places + (leaks.count > 3 ? " and more" : "")
    }

    /// Writes the new object, the same bytes each time; returns how many frames went through the cleaner.
    func write(_ prepared: PreparedObject, _ take: (ByteBuffer) async throws -> Void) async throws -> Int {
        let pixels = prepared.pixels
        let replacement = try pixels.flatMap { try self.replacement($0) }
        var writer = try ObjectWriter(
            prepared.object,
            of: prepared.survey,
            frames: replacement,
            limits: .deidentified
        )
        let read = try await prepared.original.reader()
        var frameCount = 0
        var isAtEnd = false
        while !isAtEnd {
            if let chunk = try await read() {
                try writer.append(chunk)
            } else {
                isAtEnd = true
                try writer.endOfFile()
            }
            while let step = try writer.next() {
                guard case .frame(let stored) = step, let pixels else { continue }
                let frame = try await cleaner.frame(
                    stored,
                    frameIndex: frameCount,
                    of: pixels.source,
                    plan: pixels.plan
                )
                // A frame in which nothing changed is as it was stored, maybe in an order of bytes that is not written.
                try writer.put(frame: frame == stored ? Self.littleEndian(frame, pixels.source) : frame)
                frameCount += 1
                try await take(writer.takeBytes())
            }
            try await take(isAtEnd ? writer.finish() : writer.takeBytes())
        }
        return frameCount
    }
}

extension DataSetLimits {
    /// Those of what the archive has stored, but for the header, which has to be in memory.
    static let deidentified: DataSetLimits = {
        var limits = DataSetLimits.stored
        limits.headerLength = 64 << 20
        return limits
    }()
}
