import ArgumentParser
import DICOMCoding
import DICOMCore
import Deidentification
import Glibc
import NIOCore

/// What the gate of de-identification costs: making patterns, reading pixel data, cleaning text.
struct LeakBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leaks",
        abstract: "Search an object for a patient's identifiers, and clean text of them.",
        discussion: "One line of JSON: processor time. The pixel data are noise of 8 bits, or of 12 in words of 16."
    )

    @Option(help: "MiB of pixel data.")
    var size = 256
    @Option(help: "Objects of the patient whose UIDs are looked for.")
    var objects = 200
    @Option(help: "Bits of a sample: 8, or 12 in two bytes.")
    var bits = 12

    func run() throws {
        let identifiers = makeIdentifiers()
        var patterns = LeakPatterns(SubjectIdentifiers())
        let making = Self.seconds { patterns = LeakPatterns(identifiers) }
        let file = try makeFile()
        var found = -1
        let scanning = Self.seconds {
            var scanner = LeakScanner(patterns)
            var rest = file
            while rest.readableBytes > 0, let piece = rest.readSlice(length: min(1 << 16, rest.readableBytes)) {
                scanner.append(piece)
            }
            found = scanner.finish().count
        }
        var cleaner = TextCleaner(identifiers: SubjectIdentifiers())
        let makingCleaner = Self.seconds { cleaner = TextCleaner(identifiers: identifiers) }
        let text = String(
            repeating: "CT Thorax, no pneumothorax, seen by Okonkwo on 5.3.2020, slice 1.25 mm. ",
            count: 1_000
        )
        let cleaning = Self.seconds { _ = cleaner.clean(text) }
        print(
            """
            {"makePatterns":\(making),"makeCleaner":\(makingCleaner),"leaks":\(found),\
            "scanMBPerSecond":\(Int(Double(file.readableBytes) / 1e6 / scanning)),\
            "cleanMBPerSecond":\(Double(text.utf8.count) / 1e6 / cleaning)}
            """
        )
    }

    private func makeIdentifiers() -> SubjectIdentifiers {
        let values: [(IdentifierKind, Tag, String)] = [
            (.patientName, .patientName, "Schönefeld^Waltraud^Maria"), (.patientID, .patientID, "PAT-00471198"),
            (.personName, .referringPhysicianName, "Okafor^Chidi"), (.personName, .operatorsName, "Lindqvist^Bo"),
            (.identifier, .accessionNumber, "A20200115-77"),
            (.institution, .institutionName, "Walpurgaspital Neustadt"),
            (.address, .institutionAddress, "Rosenweg 12, 10437 Neustadt"), (.device, .deviceSerialNumber, "SN471188"),
            (.station, .stationName, "CTAWP73"), (.birthDate, .patientBirthDate, "19610305"),
        ]
        let dates = (1...20).map { day in
            SubjectIdentifiers.Identifier(
                kind: .date,
                tag: .studyDate,
                text: "202001" + (day < 10 ? "0" : "") + "\(day)"
            )
        }
        let uids = (0..<objects).map { number in
            SubjectIdentifiers.Identifier(
                kind: .uid,
                tag: .sopInstanceUID,
                text: "1.3.12.2.1107.5.1.4.7.\(number * 77)"
            )
        }
        return SubjectIdentifiers(values.map { .init(kind: $0, tag: $1, text: $2) } + dates + uids)
    }

    private func makeFile() throws -> ByteBuffer {
        var state: UInt32 = 1
        var pixels = ByteBufferAllocator().buffer(capacity: size << 20)
        for _ in 0..<size << 19 {
            state = state &* 1_664_525 &+ 1_013_904_223
            pixels.writeInteger(UInt16(truncatingIfNeeded: bits == 8 ? state >> 16 : state >> 20), endianness: .little)
        }
        let element = DataElement(tag: .pixelData, vr: .ow, value: .bytes(pixels))
        var file = try Part10Header.encoded(
            sopClassUID: UID(literal: "1.2.840.10008.5.1.4.1.1.7"),
            sopInstanceUID: UID(literal: "2.25.1"),
            transferSyntax: .explicitVRLittleEndian,
            implementationClassUID: UID(literal: "2.25.2"),
            implementationVersionName: "BENCH"
        )
        file.writeImmutableBuffer(try DataSetEncoder.encode(DataSet([element]), in: .explicitVRLittleEndian))
        return file
    }

    private static func seconds(_ work: () -> Void) -> Double {
        let beginning = now()
        work()
        return now() - beginning
    }

    private static func now() -> Double {
        var time = timespec()
        // The structure lives until the call returns.
        _ = unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
