import DICOMCoding
import DICOMCore
import NIOCore

/// One incoming object between its first byte and its record.
struct Recording {
    let object: IncomingObject
    var reception: Reception
    /// The beginning of the object, until its UIDs have passed.
    var held: [ByteBuffer] = []
    var heldLength = 0
    /// Whether a record of the writer's pack holds what came so far.
    var hasBegun = false

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
