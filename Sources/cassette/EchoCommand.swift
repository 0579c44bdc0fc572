import ArgumentParser
import DICOMCore
import DICOMUpperLayer
import DIMSE
import Logging
import NIOPosix

/// The peer of a DICOM command; shared by echo and send.
struct PeerOptions: ParsableArguments {
    @Argument(help: "The peer's host name or address.")
    var host: String
    @Argument(help: "The peer's port.")
    var port = 11_112
    @Option(help: "The peer's AE title (called).", transform: aeTitle)
    var aec: AETitle = AETitle(literal: "CASSETTE")
    @Option(help: "Our own AE title (calling).", transform: aeTitle)
    var aet: AETitle = AETitle(literal: "CASSETTE")

    func validate() throws {
        guard (1...65_535).contains(port) else { throw ValidationError("The port is a number from 1 to 65535") }
    }

    /// Opens an association that proposes these contexts.
    func connect(_ contexts: [(abstractSyntax: UID, transferSyntaxes: [TransferSyntax])]) async throws -> DIMSEClient {
        do throws(DIMSEError) {
            return try await DIMSEClient.connect(
                with: AssociationRequestor(group: MultiThreadedEventLoopGroup.singleton, logger: .quiet),
                host: host,
                port: port,
                calling: aet,
                called: aec,
                contexts: contexts
            )
        } catch {
            throw CommandFailure("No association with \(aec) at \(host):\(port): \(error)")
        }
    }
}

/// A sign of life from a DICOM peer.
struct EchoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo",
        abstract: "Ask a DICOM peer for a sign of life (C-ECHO)."
    )

    @OptionGroup var peer: PeerOptions
    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let client = try await peer.connect([
            (ArchiveNegotiationPolicy.verification, [.explicitVRLittleEndian, .implicitVRLittleEndian])
        ])
        let status: DIMSEStatus
        do throws(DIMSEError) {
            status = try await client.echo()
        } catch {
            throw CommandFailure("\(peer.aec) did not answer: \(error)")
        }
        _ = await client.release()
        if json {
            Console.say(JSONText.object([("status", String(status.rawValue))]))
        } else {
            Console.say("\(peer.aec) at \(peer.host):\(peer.port) answers with status \(status)")
        }
        guard status == .success else { throw ExitCode.failure }
    }
}
