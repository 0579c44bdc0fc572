public import DICOMCore
public import NIOCore

/// Looks for all that is odd in a DICOM file while its bytes pass once.
///
/// Memory is bounded whatever the length of the file; bulk is not looked at.
public struct ObjectChecker: Sendable {
    /// What is kept of one kind: the rest is counted.
    private static let placesPerKind = 100

    /// The Transfer Syntax, once the header has passed.
    public private(set) var transferSyntax: TransferSyntax?
    /// What was found, in the order of the bytes; of each kind the first hundred.
    public private(set) var findings: [Finding] = []
    /// How often each kind was found in all.
    public private(set) var counts: [Finding.Kind: Int] = [:]

    private let limits: DataSetLimits
    private var part10 = Part10Decoder()
    private var decoder: DataSetDecoder?
    private var elements = ElementChecker()
    private var frames = FrameIndexBuilder(isVideo: false)
    private var identity: [Tag: UID] = [:]
    private var pixelData: (isEncapsulated: Bool, offset: UInt64)?
    private var isEnded = false

    /// Begins at the first byte of a file.
    public init(limits: DataSetLimits = DataSetLimits()) {
        self.limits = limits
    }

    /// Takes the next bytes of the file.
    ///
    /// - Throws: `.notDICOM` for what is no DICOM object; all else becomes findings.
    public mutating func check(_ bytes: ByteBuffer) throws(DataSetError) {
        guard !isEnded else { return }
        do {
            if decoder != nil {
                decoder?.append(bytes)
            } else if let rest = try part10.read(bytes) {
                begin(rest)
            }
            try drain()
        } catch {
            try stop(error)
        }
    }

    /// Tells that no more bytes come.
    ///
    /// - Throws: `.notDICOM` for what is no DICOM object; all else becomes findings.
    public mutating func finish() throws(DataSetError) {
        if !isEnded {
            do {
                if decoder == nil, let rest = try part10.finish() { begin(rest) }
                try drain()
                try decoder?.finish()
                try drain()
            } catch {
                try stop(error)
            }
        }
        concludeEncoding()
        if !isEnded { concludeObject() }
        findings.sort { ($0.offset ?? .max) < ($1.offset ?? .max) }
    }

    /// The gravest of what was found; `nil` when nothing was.
    public var severity: Finding.Severity? { counts.keys.map(\.severity).min() }

    /// Whether the object could be read to its end.
    public var isReadable: Bool { counts[.object(.unreadable)] == nil }

    private var dataSetOffset: UInt64 {
        guard let header = part10.header, !header.transferSyntax.isDeflated else { return 0 }
        return header.dataSetOffset
    }

    private mutating func begin(_ rest: ByteBuffer) {
        guard let header = part10.header else { return }
        transferSyntax = header.transferSyntax
        frames = FrameIndexBuilder(isVideo: header.transferSyntax.isVideo)
        elements = ElementChecker(hasVRs: !header.transferSyntax.isImplicitVR)
        decoder = DataSetDecoder(transferSyntax: header.transferSyntax, limits: limits, tolerance: .salvage)
        decoder?.append(rest)
    }

    private mutating func stop(_ error: DataSetError) throws(DataSetError) {
        if error.code == .notDICOM || (part10.header == nil && error.code == .truncated) {
            throw DataSetError(.notDICOM, at: error.offset)
        }
        isEnded = true
        let offset = decoder == nil ? error.offset : error.offset &+ dataSetOffset
        note(Finding(.object(.unreadable), at: offset, path: error.path, code: error.code))
    }

    private mutating func note(_ finding: Finding) {
        let count = counts[finding.kind, default: 0]
        counts[finding.kind] = count + 1
        if count < Self.placesPerKind { findings.append(finding) }
    }

    private mutating func drain() throws(DataSetError) {
        while let token = try decoder?.next() {
            let isOutermost = elements.isOutermost
            for finding in elements.accept(token) {
                note(Finding(finding.kind, at: finding.offset.map { $0 &+ dataSetOffset }, path: finding.path))
            }
            guard isOutermost else { continue }
            follow(token)
        }
    }

    /// Looks at the elements of the outermost Data Set.
    private mutating func follow(_ token: DataSetToken) {
        frames.accept(token)
        switch token {
        case .element(let header, let bytes):
            let element = DataElement(tag: header.tag, vr: header.vr, value: .bytes(bytes))
            frames.accept(element)
            guard Self.identifiers.contains(header.tag), identity[header.tag] == nil else { return }
            let asUID = DataElement(tag: header.tag, vr: .ui, value: .bytes(bytes))
            identity[header.tag] = asUID.strings(.ascii).first.flatMap { UID($0) }
        case .beginBulk(let header) where [0x7FE0_0008, 0x7FE0_0009, 0x7FE0_0010].contains(header.tag.rawValue):
            pixelData = pixelData ?? (false, header.offset)
        case .beginFragments(let header): pixelData = pixelData ?? (true, header.offset)
        default: break
        }
    }

    private static let identifiers: [Tag] = [.sopClassUID, .sopInstanceUID, .studyInstanceUID, .seriesInstanceUID]

    private mutating func concludeEncoding() {
        for quirk in part10.quirks { note(Finding(.quirk(quirk.kind), at: quirk.offset, path: quirk.path)) }
        guard let decoder else { return }
        for quirk in decoder.quirks {
            note(Finding(.quirk(quirk.kind), at: quirk.offset &+ dataSetOffset, path: quirk.path))
        }
    }

    private mutating func concludeObject() {
        guard let header = part10.header else { return }
        let meta = header.fileMetaInformation
        // A directory of media is no instance of a study.
        let isDirectory = meta.mediaStorageSOPClassUID?.string == "1.2.840.10008.1.3.10"
        if !isDirectory {
            for tag in Self.identifiers where identity[tag] == nil {
                note(Finding(.object(.missingIdentity), at: nil, path: [tag]))
            }
        }
        concludeMeta(meta, isDirectory: isDirectory)
        guard let pixelData, let transferSyntax else { return }
        let place = pixelData.offset &+ dataSetOffset
        if !pixelData.isEncapsulated, transferSyntax.isEncapsulated {
            note(Finding(.object(.nativePixelData), at: place, path: [.pixelData]))
        }
        if frames.isPadded || frames.frameIndex() == nil {
            let fault = pixelData.isEncapsulated ? ObjectFault.frameCount : .pixelDataLength
            note(Finding(.object(fault), at: place, path: [.pixelData]))
        }
    }

    private mutating func concludeMeta(_ meta: FileMetaInformation, isDirectory: Bool) {
        guard !meta.dataSet.isEmpty else { return }
        for tag in [
            Tag.fileMetaInformationVersion, .mediaStorageSOPClassUID, .mediaStorageSOPInstanceUID, .transferSyntaxUID,
            .implementationClassUID,
        ] where (meta.dataSet[tag]?.bytes?.readableBytes ?? 0) == 0 {
            note(Finding(.object(.missingFileMetaElement), at: nil, path: [tag]))
        }
        guard !isDirectory else { return }
        for (stored, own, tag) in [
            (meta.mediaStorageSOPClassUID, identity[.sopClassUID], Tag.mediaStorageSOPClassUID),
            (meta.mediaStorageSOPInstanceUID, identity[.sopInstanceUID], .mediaStorageSOPInstanceUID),
        ] {
            guard let stored, let own, stored != own else { continue }
            note(Finding(.object(.otherMediaStorageUID), at: nil, path: [tag]))
        }
    }
}
