public import AccessControl
import ArchiveCatalog
import DICOMCore

extension RetrieveService {
    /// An image that a Presentation State is for.
    public struct PresentedImage: Sendable, Hashable {
        /// The image, read with its header.
        public let instance: ArchivedInstance
        /// The frame, 1-based; `nil` for the one that stands for all.
        public let frameNumber: Int?
    }

    /// Whether an object says how images are shown, and is none itself.
    public static func isPresentationState(_ instance: ArchivedInstance) -> Bool {
        presentationStates.contains(instance.sopClassUID.string)
    }

    /// The images and frames of the same study that a Presentation State is for, in its order; those that are not there
    /// are left out.
    ///
    /// - Parameter instance: The Presentation State, read with its header.
    public func presentedImages(
        by instance: ArchivedInstance,
        as principal: Principal,
        limit: Int
    ) async throws(ArchiveError) -> [PresentedImage] {
        let header = try headers.dataSet(instance.record.header)
        var found: [PresentedImage] = []
        for series in header.items(.referencedSeriesSequence) {
            for reference in series.items(.referencedImageSequence) {
                guard let uid = reference.uid(.referencedSOPInstanceUID) else { continue }
                let scope = RetrieveScope(
                    studyInstanceUID: instance.path.studyInstanceUID,
                    seriesInstanceUID: series.uid(.seriesInstanceUID),
                    sopInstanceUID: uid
                )
                guard let image = try await known(scope, as: principal) else { continue }
                for frameNumber in try presentedFrames(by: reference, of: image) {
                    guard found.count < limit else { return found }
                    found.append(PresentedImage(instance: image, frameNumber: frameNumber))
                }
            }
        }
        return found
    }

    /// The frames that a reference names; without names the one that stands for all.
    private func presentedFrames(
        by reference: DataSet,
        of image: ArchivedInstance
    ) throws(ArchiveError) -> [Int?] {
        let named = reference.integers(.referencedFrameNumber)
        guard !named.isEmpty else { return [nil] }
        let count = try pictureCount(of: image) ?? 0
        return named.filter { 1 <= $0 && $0 <= count }
    }

    /// The instance that stands for a study or series: the middle one of the first series that has images.
    ///
    /// - Returns: The instance, read with its header; `nil` when there is no image.
    /// - Throws: `.notFound` when the scope holds nothing at all.
    public func representative(
        of scope: RetrieveScope,
        as principal: Principal
    ) async throws(ArchiveError) -> ArchivedInstance? {
        if scope.sopInstanceUID != nil { return try await known(scope, as: principal) }
        for series in try await series(in: scope, as: principal).prefix(Self.seriesLimit) {
            // The middle first, then the others around it: a series of documents has no image at all.
            let middle = series.instances.count / 2
            for position in Set([middle, 0, series.instances.count - 1]).sorted(by: {
                abs($0 - middle) < abs($1 - middle)
            }) {
                var one = scope
                one.seriesInstanceUID = series.uid
                one.sopInstanceUID = series.instances[position]
                if let instance = try await known(one, as: principal), try pictureCount(of: instance) != nil {
                    return instance
                }
            }
        }
        return nil
    }

    private struct SeriesList {
        let uid: UID
        var instances: [UID]
    }

    /// A study of more series has no image in the first ones.
    private static let seriesLimit = 64
    private static let pageLength = 1_000

    private static let presentationStates: Set<String> = [
        "1.2.840.10008.5.1.4.1.1.11.1", "1.2.840.10008.5.1.4.1.1.11.2",
    ]

    private func series(in scope: RetrieveScope, as principal: Principal) async throws(ArchiveError) -> [SeriesList] {
        var found: [SeriesList] = []
        var last: ArchivedInstance?
        while true {
            let page = try await instances(
                in: scope,
                as: principal,
                after: last,
                limit: Self.pageLength,
                includesHeader: false
            )
            guard let newLast = page.last else { return found }
            last = newLast
            for instance in page {
                let path = instance.path
                if found.last?.uid == path.seriesInstanceUID {
                    found[found.count - 1].instances.append(path.sopInstanceUID)
                } else {
                    found.append(SeriesList(uid: path.seriesInstanceUID, instances: [path.sopInstanceUID]))
                }
            }
        }
    }

    private func known(_ scope: RetrieveScope, as principal: Principal) async throws(ArchiveError) -> ArchivedInstance?
    {
        do throws(ArchiveError) {
            return try await instances(in: scope, as: principal, limit: 1, includesHeader: true).first
        } catch  where error.code == .notFound {
            return nil
        }
    }
}
