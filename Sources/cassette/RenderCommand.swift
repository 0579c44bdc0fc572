import ArchiveServices
import ArgumentParser
import DICOMCoding
import DICOMCore
import DICOMPixels
import Logging
import NIOCore
import Platform

/// A frame as a picture.
struct RenderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract: "Make a picture of a frame: PNG, JPEG, or a moving GIF.",
        discussion: """
            The picture looks as the object says: Modality LUT, window, Presentation LUT, palette, overlays. An object \
            without window gets one from the darkest to the brightest of its values. --size fits the picture into so many \
            pixels, with pixels as high and wide as they are; without it each pixel of the image is one of the picture. \
            A GIF shows all frames, at the speed of the object.
            """
    )

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case png
        case png16
        case jpeg
        case gif

        var fileExtension: String {
            switch self {
            case .png, .png16: "png"
            case .jpeg: "jpg"
            case .gif: "gif"
            }
        }
    }

    @Option(help: "Which frame, from 1.")
    var frame: Int?
    // A center may be negative and is no option then.
    @Option(parsing: .unconditional, help: "Window Center and Width: C,W or C,W,linear, linear-exact or sigmoid.")
    var window: String?
    @Option(help: "Which of several windows of the object, from 1.")
    var windowNumber: Int = 1
    @Option(help: "Fit the picture into WIDTHxHEIGHT pixels.")
    var size: String?
    @Option(help: "Only this part of the image: X,Y,WIDTH,HEIGHT in its pixels.")
    var region: String?
    @Option(help: "A file with a Presentation State for the image.")
    var presentationState: String?
    @Option(help: "Write into the picture: patient, technique, or both with a comma.")
    var annotate: String?
    @Flag(help: "Leave overlays and annotations of a Presentation State out.")
    var noOverlays = false
    @Option(help: "png, png16 (16 bits), jpeg or gif; otherwise as the name of the output ends.")
    var format: Format?
    @Option(help: "Of JPEG, from 1 to 100.")
    var quality: Int = 90
    @Option(name: .shortAndLong, help: "The picture; - for standard output. Otherwise the name of the file with .png.")
    var output: String?
    @Flag(help: "Replace the picture if there is one.")
    var force = false
    @Argument(help: "The DICOM file.")
    var file: String

    func validate() throws {
        _ = try request()
        guard (1...100).contains(quality) else { throw ValidationError("--quality is a number from 1 to 100") }
        guard frame.map({ $0 >= 1 }) ?? true else { throw ValidationError("--frame counts from 1") }
        guard windowNumber >= 1 else { throw ValidationError("--window-number counts from 1") }
        guard format != nil || output == nil || output == "-" || namedFormat != nil else {
            throw ValidationError("-o ends with .png, .jpg or .gif, or --format says what the picture is to be")
        }
    }

    func run() async throws {
        let target = output ?? file + "." + chosenFormat.fileExtension
        let newFile = try OutputFile(target, isForced: force, reading: file)
        do {
            var picture: ByteBuffer? = try await picture()
            try await newFile.write { picture.take() }
        } catch let error as PixelError {
            throw CommandFailure("\(file): \(error)\(hint(error))")
        } catch let error as DataSetError {
            throw CommandFailure("\(file): \(error)")
        } catch let error as DiskError {
            throw CommandFailure("\(error)")
        }
        if target != "-" { Console.say(target) }
    }

    private func picture() async throws -> ByteBuffer {
        let limits = try ArchiveLimits.fromEnvironment().pixels
        let codecs = CodecProcesses(limits.frame, Logger(label: "cassette") { _ in SwiftLogNoOpLogHandler() })
        do {
            let bytes = try await codecs.run { try await picture(with: codecs) }
            try await codecs.close()
            return bytes
        } catch {
            try await codecs.close()
            throw error
        }
    }

    private func picture(with codecs: CodecProcesses) async throws -> ByteBuffer {
        var state: DataSet?
        if let presentationState {
            let stateFile = try open(presentationState)
            defer { try? stateFile.close() }
            state = try await FileObject(stateFile, pool: codecs.pool).headerForRendering()
        }
        let image = try open(file)
        defer { try? image.close() }
        let object = try FileObject(image, pool: codecs.pool)
        let pictures = try FramePictures(
            object: object,
            name: file,
            renderer: FrameRenderer(header: try await object.headerForRendering(), presentationState: state),
            codec: codecs.codec,
            request: try request()
        )
        let bytes =
            switch chosenFormat {
            case .png, .png16: try PNGWriter.png(try await pictures.picture(frame ?? 1))
            case .jpeg: try await pictures.jpeg(frame ?? 1, quality: quality)
            case .gif: try await pictures.gif(frame)
            }
        for note in pictures.renderer.notes(on: pictures.request) { Console.complain("\(file): \(note)") }
        return bytes
    }

    private func open(_ path: String) throws -> any DiskFile {
        switch FileKind(of: path, followsLinks: true) {
        case .none: throw CommandFailure("There is no file \(path)")
        case .folder: throw CommandFailure("\(path) is a folder: name one of the files in it")
        case .other:
            throw CommandFailure("\(path) is a pipe or device: a file is needed, in which parts can be looked up")
        case .file, .link: return try PosixDisk().open(path, .read)
        }
    }

    private var chosenFormat: Format { format ?? namedFormat ?? .png }

    /// What the name of the output asks for.
    private var namedFormat: Format? {
        let name = (output ?? "").lowercased()
        if name.hasSuffix(".png") { return .png }
        if name.hasSuffix(".jpg") || name.hasSuffix(".jpeg") { return .jpeg }
        return name.hasSuffix(".gif") ? .gif : nil
    }

    private func request() throws -> RenderingRequest {
        var request = RenderingRequest()
        if let window {
            guard let read = WindowRequest(parameter: window, allowsShort: true) else {
                throw ValidationError(
                    "--window is CENTER,WIDTH or CENTER,WIDTH,FUNCTION: 40,400 or 40,400,sigmoid; a width is above 0"
                )
            }
            request.window = read
        }
        request.viewport = try viewport()
        for name in annotate?.split(separator: ",") ?? [] {
            guard let annotation = RenderingRequest.Annotation(rawValue: String(name)) else {
                throw ValidationError("--annotate knows patient and technique")
            }
            request.annotations.insert(annotation)
        }
        request.windowIndex = windowNumber - 1
        request.showsOverlays = !noOverlays
        request.bitsPerSample = chosenFormat == .png16 ? 16 : 8
        return request
    }

    private func viewport() throws -> Viewport? {
        guard size != nil || region != nil else { return nil }
        var parts = ["", "", "", ""]
        if let region {
            parts = region.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 4 else { throw ValidationError("--region is X,Y,WIDTH,HEIGHT") }
        }
        // A region without a size is as large as it is.
        let sides = try size.map(Self.sides) ?? [Self.rounded(parts[2]), Self.rounded(parts[3])]
        guard let viewport = Viewport(parameter: (sides + parts).joined(separator: ",")) else {
            throw ValidationError("--size and --region are not empty, and a size is up to 65535x65535")
        }
        return viewport
    }

    private static func sides(_ text: String) throws -> [String] {
        let sides = text.lowercased().split(separator: "x", omittingEmptySubsequences: false).map(String.init)
        guard sides.count == 2 else { throw ValidationError("--size is WIDTHxHEIGHT, for example 512x512") }
        return sides
    }

    private static func rounded(_ text: String) -> String {
        String(Double(text).flatMap { Int(exactly: abs($0).rounded()) } ?? 0)
    }

    private func hint(_ error: PixelError) -> String {
        switch error.code {
        case .mismatch where presentationState != nil:
            "; `cassette dump \(presentationState ?? "")` shows the images that it is for"
        case .badDescription, .badAttribute: "; `cassette dump \(file)` shows the element"
        default: ""
        }
    }
}
