public import ArchiveCatalog
public import ArchiveServices
import DICOMCore
public import NIOCore
import Platform

/// How long work and the places of studies are told: the same over HTTP and on the command line.
public enum LifecycleJSON {
    /// One job.
    public static func job(_ job: JobRecord) -> ByteBuffer {
        var text = JSONText()
        write(job, &text)
        return text.buffer
    }

    /// Several jobs.
    public static func jobs(_ jobs: [JobRecord]) -> ByteBuffer {
        JSONText.array(jobs) { write($0, &$1) }
    }

    /// The stores, the data folder first.
    public static func stores(_ stores: [StoreDescription]) -> ByteBuffer {
        JSONText.array(stores) { store, text in
            text.raw("{")
            members(of: store, &text)
            text.raw("}")
        }
    }

    /// How a store did when it was tried out.
    public static func check(_ check: StoreCheck) -> ByteBuffer {
        var text = JSONText()
        text.raw("{\"isSound\":\(check.isSound),\"steps\":")
        text.list(check.steps) { step, text in
            text.raw("{\"name\":")
            text.string(step.name)
            if let failure = step.failure {
                text.raw(",\"failure\":")
                text.string(failure)
            }
            text.raw("}")
        }
        text.raw("}")
        return text.buffer
    }

    /// How the stores stand.
    public static func status(_ status: TierStatus) -> ByteBuffer {
        var text = JSONText()
        text.raw("{\"studies\":\(status.studies),\"packsElsewhere\":\(status.packsElsewhere),\"stores\":")
        text.list(status.stores) { store, text in
            text.raw("{")
            members(of: store.description, &text)
            text.raw(",\"studies\":\(store.studies),\"packs\":\(store.packs),\"bytes\":\(store.bytes)")
            text.raw(",\"arriving\":\(store.arriving),\"leaving\":\(store.leaving)}")
        }
        text.raw(",\"jobs\":")
        text.list(status.jobs) { write($0, &$1) }
        if let last = status.lastMove {
            text.raw(",\"lastMove\":")
            write(last, &text)
        }
        text.raw("}")
        return text.buffer
    }

    /// What the rules would do.
    public static func plan(_ plan: MovePlan) -> ByteBuffer {
        var text = JSONText()
        text.raw("{\"examined\":\(plan.examined),\"isComplete\":true,\"withoutRule\":\(plan.withoutRule),\"rules\":")
        text.list(plan.parts) { part, text in
            text.raw("{\"name\":")
            text.string(part.rule.name)
            text.raw(",\"target\":")
            text.string(part.rule.targetName)
            text.raw(",\"conditions\":")
            text.string(part.rule.reason)
            text.raw(",\"studies\":\(part.studies),\"packs\":\(part.packs),\"bytes\":\(part.bytes)")
            text.raw(",\"held\":\(part.held),\"thereAlready\":\(part.thereAlready)")
            text.raw(",\"monthBefore\":\(decimal(part.monthBefore)),\"monthAfter\":\(decimal(part.monthAfter))")
            text.raw(",\"requestCost\":\(decimal(part.requestCost))}")
        }
        text.raw(",\"studies\":")
        text.list(plan.studies) { study, text in
            text.raw("{\"studyInstanceUID\":")
            text.string(study.studyInstanceUID.string)
            text.raw(",\"rule\":")
            text.string(study.rule)
            text.raw(",\"reason\":")
            text.string(study.reason)
            text.raw(",\"target\":")
            text.string(study.target)
            text.raw(",\"packs\":\(study.packs),\"bytes\":\(study.bytes)}")
        }
        text.raw("}")
        return text.buffer
    }

    /// How many studies a dry run has looked at, before its end.
    static func planProgress(_ examined: Int) -> ByteBuffer {
        ByteBuffer(string: "{\"examined\":\(examined),\"isComplete\":false}")
    }

    /// Labelled studies.
    public static func labelled(_ studies: [LabelledStudy]) -> ByteBuffer {
        JSONText.array(studies) { study, text in
            text.raw("{\"studyInstanceUID\":")
            text.string(study.studyInstanceUID.string)
            text.raw(",\"labels\":")
            text.strings(study.labels.sorted().map(\.text))
            text.raw("}")
        }
    }

    /// Holds of studies.
    public static func holds(_ holds: [Hold]) -> ByteBuffer {
        JSONText.array(holds) { hold, text in
            text.raw("{\"studyInstanceUID\":")
            text.string(hold.studyInstanceUID.string)
            text.raw(",\"kind\":")
            text.string(hold.kind.rawValue)
            text.raw(",\"reason\":")
            text.string(hold.reason)
            text.raw(",\"owner\":")
            text.string(hold.owner)
            text.raw(",\"placedAt\":")
            text.string(hold.placedAt.description)
            if let until = hold.until {
                text.raw(",\"until\":")
                text.string(until.description)
            }
            text.raw("}")
        }
    }

    private static func members(of store: StoreDescription, _ text: inout JSONText) {
        text.raw("\"name\":")
        text.string(store.title)
        text.raw(",\"kind\":")
        text.string(store.kind)
        text.raw(",\"location\":")
        text.string(store.location)
        text.raw(",\"availability\":")
        text.string(store.availability.rawValue)
    }

    private static func write(_ job: JobRecord, _ text: inout JSONText) {
        writeMembers(of: job, &text)
        text.raw("}")
    }

    /// Writes an object that is not closed yet.
    static func writeMembers(of job: JobRecord, _ text: inout JSONText) {
        text.raw("{\"id\":")
        text.string(job.id.hex)
        text.raw(",\"kind\":")
        text.string(job.kind)
        text.raw(",\"state\":")
        text.string(job.state.rawValue)
        text.raw(",\"principal\":")
        text.string(job.principal)
        text.raw(",\"created\":")
        text.string(job.created.description)
        for (name, time) in [("started", job.started), ("ended", job.ended)] {
            guard let time else { continue }
            text.raw(",\"\(name)\":")
            text.string(time.description)
        }
        text.raw(",\"done\":\(job.progress.done),\"total\":\(job.progress.total),\"unit\":")
        text.string(job.progress.unit)
        text.raw(",\"bytes\":\(job.progress.bytes),\"failures\":\(job.progress.failures),\"message\":")
        text.string(job.progress.message)
        if let failure = job.failure {
            text.raw(",\"failure\":")
            text.string(failure)
        }
    }

    /// Millionths as a number with a point.
    private static func decimal(_ millionths: Int64) -> String {
        let sign = millionths < 0 ? "-" : ""
        let fraction = String(millionths.magnitude % 1_000_000)
        return sign + "\(millionths.magnitude / 1_000_000)."
            + String(repeating: "0", count: 6 - fraction.count) + fraction
    }
}
