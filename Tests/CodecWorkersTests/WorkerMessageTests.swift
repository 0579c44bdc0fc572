import DICOMCore
import DICOMPixels
import NIOCore
import Testing

@testable import CodecWorkers

@Suite struct `Messages between pool and worker` {
    private static func request(_ operation: WorkerRequest.Operation) throws -> WorkerRequest {
        try WorkerRequest(
            number: 7,
            operation,
            in: .jpeg2000Lossless,
            PixelFormat(
                rows: 65_535,
                columns: 3,
                samplesPerPixel: 3,
                bitsAllocated: 16,
                bitsStored: 12,
                highBit: 13,
                kind: .signed,
                photometricInterpretation: .ybrFull422,
                isPlanar: true
            ),
            options: EncodingOptions(quality: 55, nearLossless: 300),
            frameLimit: 1 << 40,
            inputLength: 5,
            capacity: 4_096
        )
    }

    @Test(arguments: [WorkerRequest.Operation.decode, .encode])
    func `a request is read as it was written`(_ operation: WorkerRequest.Operation) throws {
        let request = try Self.request(operation)

        #expect(request.encoded().readableBytes == WorkerRequest.length)
        #expect(WorkerRequest(request.encoded()) == request)
    }

    @Test func `a request that is cut off or too long is none`() throws {
        let message = try Self.request(.decode).encoded()

        for length in 0..<message.readableBytes {
            #expect(try WorkerRequest(#require(message.getSlice(at: message.readerIndex, length: length))) == nil)
        }
        var longer = message
        longer.writeInteger(UInt8(0))
        #expect(WorkerRequest(longer) == nil)
    }

    @Test func `whatever byte of a request is wrong, it is read or refused`() throws {
        let message = try Self.request(.decode).encoded()

        for index in 0..<message.readableBytes {
            for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                var changed = message
                changed.setInteger(value, at: index)
                if let request = WorkerRequest(changed) { #expect(request.inputLength <= request.capacity) }
            }
        }
    }

    @Test(arguments: [
        WorkerAnswer(number: 0, .ready(isSealed: true), peakMemory: 1),
        WorkerAnswer(number: 0, .ready(isSealed: false), peakMemory: 1 << 40),
        WorkerAnswer(number: .max, .result(length: 1 << 35), peakMemory: 0),
        WorkerAnswer(number: 3, .failure(PixelError(.malformed)), peakMemory: 0),
        WorkerAnswer(number: 3, .failure(PixelError(.badAttribute, "marker FFC4H", tag: .columns)), peakMemory: 0),
    ])
    func `an answer is read as it was written`(_ answer: WorkerAnswer) {
        #expect(WorkerAnswer(answer.encoded()) == answer)
    }

    @Test func `an answer that is cut off or too long is none`() throws {
        let message = WorkerAnswer(number: 3, .failure(PixelError(.mismatch, "text", tag: .rows)), peakMemory: 0)
            .encoded()

        for length in 0..<message.readableBytes {
            #expect(try WorkerAnswer(#require(message.getSlice(at: message.readerIndex, length: length))) == nil)
        }
        var longer = message
        longer.writeInteger(UInt8(0))
        #expect(WorkerAnswer(longer) == nil)
    }

    @Test func `text that could do harm does not leave a worker, nor enter from one`() throws {
        let answer = WorkerAnswer(number: 1, .failure(PixelError(.malformed, "a\nb\u{1B}ü")), peakMemory: 0)

        guard case .failure(let error) = WorkerAnswer(answer.encoded())?.outcome else {
            Issue.record("no failure")
            return
        }
        #expect(error.detail == "a?b???")
        var forged = WorkerAnswer(number: 1, .failure(PixelError(.malformed, "ab")), peakMemory: 0).encoded()
        forged.setInteger(UInt8(0x0A), at: forged.writerIndex - 1)
        #expect(WorkerAnswer(forged) == nil)
    }

    @Test func `a detail of any length fits into an answer`() {
        let text = String(repeating: "x", count: 100_000)

        let message = WorkerAnswer(number: 1, .failure(PixelError(.notReversible, text)), peakMemory: 0).encoded()

        #expect(message.readableBytes <= WorkerAnswer.lengthLimit)
        #expect(WorkerAnswer(message) != nil)
    }
}
