public import ArchiveCatalog
public import DICOMCore

/// A new object as a researcher gets it.
public struct ViewedObject: Sendable {
    /// Its new UIDs.
    public let path: InstancePath
    /// The Transfer Syntax in which it is written.
    public let transferSyntax: TransferSyntax
    /// Its Part 10 bytes.
    public let content: ExportContent
}

/// The new objects of a scope, one by one, each made when it is asked for.
public struct ViewedObjects: Sendable {
    let view: ProjectView
    let work: ProjectView.Work
    let scope: RetrieveScope
    var originals: ViewedOriginals
    /// Objects so far that cannot be shown without their patient.
    public private(set) var leftOutCount = 0

    init(view: ProjectView, work: ProjectView.Work, scope: RetrieveScope, originals: ViewedOriginals) {
        self.view = view
        self.work = work
        self.scope = scope
        self.originals = originals
    }

    /// The next object; `nil` at the end.
    public mutating func next() async throws -> ViewedObject? {
        while let instance = try await nextOriginal() {
            if let object = try await view.object(instance, work) { return object }
            leftOutCount += 1
        }
        return nil
    }

    /// The next header, without bulk; `nil` at the end.
    public mutating func nextHeader() async throws(ArchiveError) -> DataSet? {
        while let instance = try await nextOriginal() {
            if let header = try view.header(instance, work) { return header }
            leftOutCount += 1
        }
        return nil
    }

    private mutating func nextOriginal() async throws(ArchiveError) -> ArchivedInstance? {
        while let instance = try await originals.next() {
            if view.isWithin(instance, scope) { return instance }
        }
        return nil
    }
}

/// The new images of a scope, one by one, each made when it is asked for; what has no frames is passed over.
public struct ViewedImages: Sendable {
    let view: ProjectView
    let work: ProjectView.Work
    let scope: RetrieveScope
    var originals: ViewedOriginals

    init(view: ProjectView, work: ProjectView.Work, scope: RetrieveScope, originals: ViewedOriginals) {
        self.view = view
        self.work = work
        self.scope = scope
        self.originals = originals
    }

    /// The next image; `nil` at the end.
    public mutating func next() async throws -> ViewedImage? {
        while let instance = try await originals.next() {
            guard view.isWithin(instance, scope), instance.record.frameIndex != nil else { continue }
            if let image = try await view.image(instance, work) { return image }
        }
        return nil
    }
}
