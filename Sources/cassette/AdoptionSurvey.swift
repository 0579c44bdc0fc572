import DICOMCore
import Foundation
import Platform

/// What a folder of another archive holds: objects, copies of their headers, and what is neither.
struct AdoptionSurvey: Sendable {
    /// Objects to be stored.
    private(set) var objects: [AdoptedFile] = []
    /// Attachments that hold the beginning of an object that is there as a whole.
    private(set) var headerCopies: [String] = []
    /// Files that are no DICOM objects.
    private(set) var others: [String] = []
    /// Files that cannot be read.
    private(set) var unreadable: [(path: String, reason: String)] = []

    /// Looks at the beginning of every file.
    ///
    /// - Parameter isOrthanc: Only files named by a UUID in two levels of folders count, and compressed ones are unwrapped.
    init(
        _ files: [String],
        isOrthanc: Bool,
        disk: any Disk,
        pool: WorkPool,
        progress: (Int) -> Void
    ) async throws {
        for (number, path) in files.enumerated() {
            progress(number)
            guard !isOrthanc || Self.isAttachment(path) else {
                others.append(path)
                continue
            }
            do {
                if let file = try await AdoptedFile.look(at: path, unwrapping: isOrthanc, disk: disk, pool: pool) {
                    objects.append(file)
                } else {
                    others.append(path)
                }
            } catch {
                unreadable.append((path, "\(error)"))
            }
        }
        if isOrthanc { try await dropHeaderCopies(disk: disk, pool: pool) }
    }

    /// Beside a compressed object lies a copy of its beginning, up to Pixel Data: a DICOM file with the same UID that is no
    /// object of its own.
    private mutating func dropHeaderCopies(disk: any Disk, pool: WorkPool) async throws {
        var longest: [UID: AdoptedFile] = [:]
        for file in objects {
            guard let uid = file.sopInstanceUID else { continue }
            if longest[uid].map({ $0.length < file.length }) ?? true { longest[uid] = file }
        }
        var kept: [AdoptedFile] = []
        for file in objects {
            if let uid = file.sopInstanceUID, let whole = longest[uid], whole.path != file.path,
                try await file.isBeginning(of: whole, disk: disk, pool: pool)
            {
                headerCopies.append(file.path)
            } else {
                kept.append(file)
            }
        }
        objects = kept
    }

    /// Whether a path ends like `ab/cd/abcd1234-....`, as Orthanc names attachments.
    static func isAttachment(_ path: String) -> Bool {
        let parts = path.split(separator: "/").suffix(3)
        guard parts.count == 3, let name = parts.last, UUID(uuidString: String(name)) != nil else { return false }
        let folders = Array(parts)
        return name.hasPrefix(folders[0]) && name.dropFirst(2).hasPrefix(folders[1]) && folders[0].count == 2
            && folders[1].count == 2
    }
}
