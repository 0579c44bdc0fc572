import DICOMCoding
import DICOMCore
public import DICOMPixels
import NIOCore

/// Decides what of an object's pixels may leave, and makes the frames that do.
///
/// First a plan: rules, ultrasound regions, text in the frames; what was found is blacked out and looked for again, so that
/// a plan is made of what was seen to work. Then frames, one after the other, when the object is written. Memory is
/// bounded by one frame, its picture and the enlarged picture that text is read in.
public struct PixelCleaner: Sendable {
    let rules: PixelRules
    let settings: PixelCleaningSettings
    let codec: any PixelCodec
    let recognizer: (any TextRecognizer)?

    /// Makes a cleaner.
    ///
    /// - Parameter recognizer: `nil` where no text can be read: objects in which it would be due are then excluded.
    public init(
        rules: PixelRules = .standard,
        settings: PixelCleaningSettings = PixelCleaningSettings(),
        codec: any PixelCodec,
        recognizer: (any TextRecognizer)?
    ) {
        self.rules = rules
        self.settings = settings
        self.codec = codec
        self.recognizer = recognizer
    }

    /// What becomes of an object's pixels.
    ///
    /// - Parameters:
    ///   - options: of the profile; `cleanPixelData` and `cleanRecognizableVisualFeatures` count here.
    ///   - identifiers: values of the patient's identifying attributes; a word that resembles one is text, however
    ///     uncertain it is.
    /// - Throws: what reading a frame throws. Frames that cannot be decoded or searched are a reason to exclude the
    ///   object, no error.
    public func plan(
        _ source: PixelSource,
        options: Set<DeidentificationOption>,
        identifiers: IdentifierMatcher
    ) async throws -> PixelCleaningPlan {
        let header = source.header
        let matching = rules.matching(header)
        var plan = PixelCleaningPlan(.include, transferSyntax: source.transferSyntax)
        if options.contains(.cleanRecognizableVisualFeatures), let reason = FaceRule.reason(header, rules: matching) {
            return excluded(plan, reason)
        }
        let hasPixels = PixelSource.pixelTags.contains { header[$0] != nil }
        guard options.contains(.cleanPixelData) else {
            plan.clearsUnusedBits = hasPixels && source.mayHaveUnusedBits
            plan.frameCount = source.frameIndex?.frameCount ?? 0
            return try await searched(plan, source, nil)
        }
        for case .exclude(let reason) in matching.flatMap(\.actions) { return excluded(plan, reason) }
        guard hasPixels || source.transferSyntax.isReferenced else { return plan }
        let isSearched = TextSearch(header, rules: matching, settings: settings) == .due
        guard let index = source.frameIndex, !source.transferSyntax.isVideo, !source.transferSyntax.isReferenced else {
            return isSearched ? excluded(plan, "its frames cannot be searched one by one: video, or not in it") : plan
        }
        plan.frameCount = index.frameCount
        do throws(PixelError) {
            plan.masks = try masks(header, matching)
            plan.clearsUnusedBits = source.mayHaveUnusedBits
        } catch {
            return excluded(plan, "group 0028 describes no image (\(error.code.rawValue))")
        }
        return try await searched(plan, source, isSearched ? identifiers : nil)
    }

    private func masks(_ header: DataSet, _ matching: [PixelRule]) throws(PixelError) -> [PixelCleaningPlan.Mask] {
        let format = try PixelFormat(header)
        var masks: [PixelCleaningPlan.Mask] = []
        for rule in matching {
            for case .blackOut(let rectangles) in rule.actions {
                masks += rectangles.compactMap { $0.clipped(width: format.columns, height: format.rows) }
                    .map { PixelCleaningPlan.Mask($0, .rule(rule.name)) }
            }
        }
        let outside = UltrasoundRegions.outside(header, columns: format.columns, rows: format.rows)
        return masks + outside.map { PixelCleaningPlan.Mask($0, .outsideUltrasoundRegions) }
    }

    private func searched(
        _ plan: PixelCleaningPlan,
        _ source: PixelSource,
        _ identifiers: IdentifierMatcher?
    ) async throws -> PixelCleaningPlan {
        var plan = plan
        do {
            if let identifiers {
                guard let recognizer else {
                    return excluded(plan, "no text can be looked for: Tesseract is not installed")
                }
                let finder = TextFinder(recognizer: recognizer, settings: settings, identifiers: identifiers)
                if let reason = try await search(&plan, source, finder) { return excluded(plan, reason) }
            }
            if plan.changesFrames { try await chooseTransferSyntax(&plan, source) }
            return plan
        } catch let error as PixelError {
            // Nobody looked at what nobody can read.
            return excluded(plan, "its frames cannot be cleaned: \(error.code.rawValue)")
        }
    }

    private func excluded(_ plan: PixelCleaningPlan, _ reason: String) -> PixelCleaningPlan {
        var plan = plan
        plan.decision = .exclude(reason)
        return plan
    }

    /// Looks for text in the frames and adds masks; returns why the object has to stay.
    private func search(
        _ plan: inout PixelCleaningPlan,
        _ source: PixelSource,
        _ finder: TextFinder
    ) async throws -> String? {
        var choice = FrameChoice(frameCount: plan.frameCount, settings: settings)
        var pending = choice.first
        var foundText = false
        // Each frame is searched until nothing is found in it; what one shows is blacked out in all.
        while let frameIndex = pending.popLast() {
            let frame = try await decoded(source, frameIndex)
            choice.searched(frameIndex, FrameSignature(frame, header: source.header, frameIndex: frameIndex))
            var looks: Set<TextFinder.Look>?
            for round in 0... {
                let masked = try frame.blackened(plan.masks.map(\.rectangle), header: source.header)
                // Again as it was found; where nothing was seen before, black boxes add nothing.
                let (texts, showing) = try await finder.texts(
                    in: masked,
                    frameIndex: frameIndex,
                    header: source.header,
                    looks: looks
                )
                looks = showing
                guard !texts.isEmpty else { break }
                guard round < settings.rounds else { return "text is still found after it was blacked out" }
                foundText = true
                plan.masks += texts.compactMap { mask($0, frame.format) }
            }
            if pending.isEmpty, choice.needsComparing {
                for other in choice.unsearched {
                    let frame = try await decoded(source, other)
                    let signature = FrameSignature(frame, header: source.header, frameIndex: other)
                    if choice.isNew(signature) {
                        choice.add(other, signature)
                        pending.append(other)
                    }
                    guard choice.count <= settings.differentFrameLimit else {
                        return "more of its frames look different than are searched"
                    }
                }
                choice.needsComparing = false
            }
        }
        plan.searchedFrames = choice.searchedFrames
        guard !TextSearch.saysBurnedIn(source.header) || foundText || !plan.masks.isEmpty else {
            return "it says that text is burned in, and none was found"
        }
        return nil
    }

    /// What is blacked out for a text: its box, and a margin for what belongs to its letters.
    private func mask(_ text: FoundText, _ format: PixelFormat) -> PixelCleaningPlan.Mask? {
        text.box.expanded(by: max(2, min(16, text.box.height / 4)))
            .clipped(width: format.columns, height: format.rows)
            .map { PixelCleaningPlan.Mask($0, .text(isIdentifying: text.isIdentifying)) }
    }

    func decoded(_ source: PixelSource, _ frameIndex: Int) async throws -> PixelFrame {
        let stored = try await source.frame(frameIndex)
        return try await codec.decode(stored, in: source.frameSyntax, as: source.storedFormat())
    }
}
