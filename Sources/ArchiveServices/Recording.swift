import DICOMCoding
import DICOMCore
import NIOCore
import Platform
import Sealing

/// One incoming object between its first byte and its record.
struct Recording {
    let object: IncomingObject
    var reception: Reception
    /// The beginning of the object, until its UIDs have passed.
    var held: [ByteBuffer] = []
    var heldLength = 0
    /// The record of the writer's pack that holds what came so far; `nil` before it was begun.
    var begun: Begun?
    var hasBegun: Bool { begun != nil }
    /// The study that is being stored into, to be left at the end.
    var study: UID?

    /// A record that was begun, and what seals it.
    struct Begun: Sendable {
        let recordID: RandomID
        let studyKey: StudyKey
    }

    init(object: IncomingObject, limits: DataSetLimits) {
        self.object = object
        reception = Reception(object, limits: limits)
    }

    /// A refusal that names the object as far as it is known.
    func refusal(_ reason: IngestRefusal.Reason) -> IngestRefusal {
        IngestRefusal(
            reason,
            sopClassUID: reception.identity?.sopClassUID ?? object.sopClassUID,
            sopInstanceUID: reception.identity?.sopInstanceUID ?? object.sopInstanceUID
        )
    }
}
