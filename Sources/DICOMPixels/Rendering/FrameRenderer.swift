public import DICOMCore
import NIOCore

/// Makes a picture of a decoded frame as its object, a Presentation State and a request say (PS3.4 N.2).
///
/// The order is that of the standard: Modality LUT, VOI LUT or window, Presentation LUT; shutter; overlays; displayed area, rotation
/// and size; graphics of the Presentation State; annotations.
public struct FrameRenderer: Sendable {
    /// Each takes up to seven bytes while a picture is made: of single bits a frame within its limit has many more.
    private static let sampleLimit = 1 << 27

    let header: DataSet
    let state: PresentationState?

    /// Takes what an object says of its frames.
    ///
    /// - Parameters:
    ///   - header: all elements but Pixel Data; see ``RenderingBulk`` for those that are only references.
    ///   - presentationState: a Grayscale or Color Softcopy Presentation State.
    /// - Throws: `.unsupported` for other Presentation States; `.mismatch` for one that is for other images; `.badAttribute`.
    public init(header: DataSet, presentationState: DataSet? = nil) throws(PixelError) {
        self.header = header
        if let presentationState {
            state = try PresentationState(presentationState, of: header)
        } else {
            state = nil
        }
    }

    /// The picture of a frame.
    ///
    /// - Parameters:
    ///   - frame: in the form that it has when it has been decoded.
    ///   - frameIndex: 0-based.
    /// - Throws: `.badAttribute`, `.badDescription`, `.unsupported`, `.mismatch`, `.tooLarge`.
    public func render(
        _ frame: PixelFrame,
        frameIndex: Int,
        request: RenderingRequest = RenderingRequest()
    ) throws(PixelError) -> RenderedImage {
        switch request.bitsPerSample {
        case 8: return try picture(frame, frameIndex, request, of: UInt8.self)
        case 16: return try picture(frame, frameIndex, request, of: UInt16.self)
        default: throw PixelError(.unsupported, "pictures have 8 or 16 bits, not \(request.bitsPerSample)")
        }
    }

    /// Bytes that the picture of a frame takes while it is made and written, beside the frame; known before anything is
    /// decoded, and of a header whose bulk is only references.
    ///
    /// - Parameters:
    ///   - format: as the frame is stored or decoded.
    ///   - frameIndex: 0-based.
    /// - Throws: `.badAttribute`, `.badDescription`, `.tooLarge`.
    public func workLength(
        of format: PixelFormat,
        frameIndex: Int,
        request: RenderingRequest = RenderingRequest()
    ) throws(PixelError) -> Int {
        let attributes = FrameAttributes(header, frameIndex: frameIndex)
        let placement = try placement(of: format, attributes, try state?.view(frameIndex: frameIndex), request)
        let pixelLength = (isColored(format) ? 3 : 1) * request.bitsPerSample / 8
        // Stored values of two bytes and a picture as large as the image; the one that was asked for scaled, turned, as
        // it leaves, and as it is written.
        let image = format.columns * format.rows * (2 * format.samplesPerPixel + pixelLength)
        return image + 4 * placement.width * placement.height * pixelLength
    }

    private func placement(
        of format: PixelFormat,
        _ attributes: FrameAttributes,
        _ view: PresentationState.View?,
        _ request: RenderingRequest
    ) throws(PixelError) -> Placement {
        try Placement(
            image: (format.columns, format.rows),
            region: view?.area?.region,
            quarters: view?.quarters ?? 0,
            isMirrored: view?.isMirrored ?? false,
            magnification: view?.area?.magnification ?? 1,
            aspect: view?.area?.pixelAspect ?? attributes.pixelAspect,
            viewport: request.viewport
        )
    }

    private func picture<Sample: RasterSample>(
        _ frame: PixelFrame,
        _ frameIndex: Int,
        _ request: RenderingRequest,
        of: Sample.Type
    ) throws(PixelError) -> RenderedImage {
        guard frame.format.sampleCount <= Self.sampleLimit else {
            throw PixelError(.tooLarge, "a picture is made of up to \(Self.sampleLimit) samples")
        }
        let attributes = FrameAttributes(header, frameIndex: frameIndex)
        let adjustment = try state?.adjustment(frameIndex: frameIndex, frame.format)
        let format = frame.format
        let grey =
            format.photometricInterpretation.isMonochrome
            ? try pipeline(StoredValues(frame: frame), attributes, adjustment, request) : nil
        var raster = Raster<Sample>(
            width: format.columns,
            height: format.rows,
            channels: isColored(format) ? 3 : 1,
            samples: try samples(frame, grey)
        )
        let shutter = DisplayShutter(state?.dataSet ?? attributes.attributes(.frameDisplayShutterSequence))
        shutter?.draw(on: &raster)
        if let group = shutter?.overlayGroup, let dataSet = state?.dataSet {
            Overlay(dataSet, group: group, frameIndex: 0, frame: nil)?
                .draw(on: &raster, level: GreyPipeline.sample(shutter?.level ?? 0))
        }
        if request.showsOverlays { drawOverlays(frame, frameIndex, hiding: shutter?.overlayGroup, on: &raster) }
        let placement = try placement(of: format, attributes, adjustment?.view, request)
        raster = placement.place(raster)
        if request.showsOverlays { adjustment?.graphics.draw(on: &raster, placement) }
        if !request.annotations.isEmpty {
            AnnotationText(attributes, frameIndex: frameIndex, request.annotations, voi: grey?.voi).draw(on: &raster)
        }
        return try raster.image(iccProfile: iccProfile)
    }

    /// Whether the picture has colours.
    private func isColored(_ format: PixelFormat) -> Bool {
        !format.photometricInterpretation.isMonochrome || hasSupplementalPalette(format)
    }

    /// Grey images may show the values behind the grey ones in colours (PS3.3 C.7.6.19).
    private func hasSupplementalPalette(_ format: PixelFormat) -> Bool {
        guard format.photometricInterpretation.isMonochrome, format.kind != .float, format.bitsStored <= 16,
            let presentation = header.string(.pixelPresentation)
        else { return false }
        return ["COLOR", "MIXED"].contains(presentation) && header[.redPaletteColorLookupTableDescriptor] != nil
    }

    private func samples<Sample: RasterSample>(
        _ frame: PixelFrame,
        _ grey: GreyPipeline?
    ) throws(PixelError) -> [Sample] {
        let format = frame.format
        let values = StoredValues(frame: frame)
        if let grey {
            guard hasSupplementalPalette(format), let size = values.tableSize else { return grey.render(values) }
            let palette = try PaletteColor(header, isSigned: format.kind == .signed)
            let greys: [Sample] = grey.table(values, size: size)
            var colors: [Sample] = palette.colors(values, size: size)
            for bits in 0..<size where values.value(ofBits: bits) < palette.red.first {
                for channel in 0..<3 { colors[bits * 3 + channel] = greys[bits] }
            }
            return Self.map(values.bits(), byColors: colors)
        }
        switch format.photometricInterpretation {
        case .paletteColor:
            guard let size = values.tableSize else {
                throw PixelError(.unsupported, "indices of more than 16 bits", tag: .bitsStored)
            }
            let palette = try PaletteColor(header, isSigned: format.kind == .signed)
            return Self.map(values.bits(), byColors: palette.colors(values, size: size))
        default: return try ColorConversion.rgb(frame)
        }
    }

    private static func map<Sample: RasterSample>(_ bits: [UInt16], byColors colors: [Sample]) -> [Sample] {
        let colors = colors.span
        var samples: [Sample] = []
        samples.reserveCapacity(bits.count * 3)
        for index in bits {
            let at = Int(index) * 3
            samples.append(colors[at])
            samples.append(colors[at + 1])
            samples.append(colors[at + 2])
        }
        return samples
    }

    private func pipeline(
        _ values: StoredValues,
        _ attributes: FrameAttributes,
        _ adjustment: PresentationState.Adjustment?,
        _ request: RenderingRequest
    ) throws(PixelError) -> GreyPipeline {
        let format = values.frame.format
        let isSigned = format.kind == .signed
        let padding = PixelPadding(header, format)
        let own = try ModalityTransform(
            attributes.attributes(.pixelValueTransformationSequence),
            isSigned: isSigned
        )
        let modality = adjustment?.modality ?? (keepsStoredValues ? nil : own) ?? .identity
        return GreyPipeline(
            modality: modality,
            voi: try voi(values, modality, padding, attributes, adjustment, request),
            presentation: adjustment?.presentation
                ?? PresentationTransform(image: header, format.photometricInterpretation),
            padding: padding
        )
    }

    private func voi(
        _ values: StoredValues,
        _ modality: ModalityTransform,
        _ padding: PixelPadding?,
        _ attributes: FrameAttributes,
        _ adjustment: PresentationState.Adjustment?,
        _ request: RenderingRequest
    ) throws(PixelError) -> VOITransform {
        // Tables that nobody asks for are not even read: they may be damaged.
        if let window = request.window { return .window(window) }
        let source = if let adjustment { adjustment.voi } else { attributes.attributes(.frameVOILUTSequence) }
        let choices =
            if let source {
                try VOITransform.choices(source, isSigned: modality.isSigned(values.frame.format))
            } else {
                [VOITransform]()
            }
        if choices.indices.contains(request.windowIndex) { return choices[request.windowIndex] }
        guard request.windowIndex == 0 else {
            let offer = choices.isEmpty ? "no window or table" : "windows and tables: \(choices.count)"
            throw PixelError(
                .badAttribute,
                "\(offer); number \(request.windowIndex + 1) was asked for",
                tag: .windowCenter
            )
        }
        return adjustment == nil
            ? WindowFinder.range(of: values, modality, padding) : WindowFinder.wholeRange(of: values, modality, padding)
    }

    /// Whether the Modality LUT is for measuring, not for looking: of X-ray angiography in other than linear intensities
    /// (PS3.3 C.8.7.1.1.2).
    private var keepsStoredValues: Bool {
        guard header[.modalityLUTSequence] != nil, let sopClass = header.uid(.sopClassUID)?.string else { return false }
        let isAngiography =
            sopClass.hasPrefix("1.2.840.10008.5.1.4.1.1.12.1") || sopClass.hasPrefix("1.2.840.10008.5.1.4.1.1.12.2")
        return isAngiography && ["LOG", "DISP"].contains(header.string(.pixelIntensityRelationship))
    }

    private func drawOverlays<Sample: RasterSample>(
        _ frame: PixelFrame,
        _ frameIndex: Int,
        hiding shutterGroup: UInt16?,
        on raster: inout Raster<Sample>
    ) {
        for group in Overlay.groups where state?.showsOverlay(ofImage: group) ?? true {
            Overlay(header, group: group, frameIndex: frameIndex, frame: frame)?.draw(on: &raster)
        }
        guard let state else { return }
        for group in Overlay.groups where group != shutterGroup {
            Overlay(state.dataSet, group: group, frameIndex: 0, frame: nil)?.draw(on: &raster)
        }
    }

    /// The profile of the image, or of its first optical path.
    private var iccProfile: ByteBuffer? {
        let profile =
            state?.dataSet[.iccProfile]?.bytes ?? header[.iccProfile]?.bytes
            ?? header.items(.opticalPathSequence).first?[.iccProfile]?.bytes
        return profile.flatMap { $0.readableBytes >= 128 ? $0 : nil }
    }
}
