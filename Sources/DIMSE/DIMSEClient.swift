public import DICOMCore
public import DICOMUpperLayer
public import NIOCore
import Synchronization

/// Asks a peer for operations as SCU (PS3.7 8). One operation at a time.
public final class DIMSEClient: Sendable {
    private let association: Association
    private let limits: DIMSELimits
    private let lastMessageID = Mutex<UInt16>(0)

    /// Takes an association that this side has asked for.
    public init(association: Association, limits: DIMSELimits = DIMSELimits()) {
        self.association = association
        self.limits = limits
    }

    /// Opens an association with a peer.
    ///
    /// - Throws: `.connectFailed`, `.associationEnded`.
    public static func connect(
        with requestor: AssociationRequestor,
        host: String,
        port: Int,
        calling: AETitle,
        called: AETitle,
        contexts: [(abstractSyntax: UID, transferSyntaxes: [TransferSyntax])]
    ) async throws(DIMSEError) -> DIMSEClient {
        do throws(UpperLayerError) {
            return DIMSEClient(
                association: try await requestor.connect(
                    host: host,
                    port: port,
                    calling: calling,
                    called: called,
                    contexts: contexts
                )
            )
        } catch {
            throw DIMSEError(error)
        }
    }

    /// What was agreed with the peer.
    public var description: AssociationDescription { association.description }

    /// C-ECHO: asks the peer for a sign of life.
    public func echo() async throws(DIMSEError) -> DIMSEStatus {
        let sopClassUID = ArchiveNegotiationPolicy.verification
        let context = try context(for: sopClassUID, transferSyntax: nil)
        let messageID = nextMessageID()
        var command = request(CommandField.cEchoRQ, messageID, sopClassUID)
        command.set(.commandDataSetType, CommandField.noDataSet)
        try await send(command, in: context)
        return try await response(to: messageID, CommandField.cEchoRQ)
    }

    /// C-STORE: sends an instance whose Data Set is encoded in `transferSyntax`.
    ///
    /// - Throws: What `body` throws, after an abort, for a Data Set that was begun cannot be taken back; `DIMSEError`.
    public func store<Body: AsyncSequence>(
        sopClassUID: UID,
        sopInstanceUID: UID,
        transferSyntax: TransferSyntax,
        priority: UInt16 = 0,
        moveOriginator: (aeTitle: AETitle, messageID: UInt16)? = nil,
        body: Body
    ) async throws -> DIMSEStatus where Body.Element == ByteBuffer {
        let context = try context(for: sopClassUID, transferSyntax: transferSyntax)
        let messageID = nextMessageID()
        var command = request(CommandField.cStoreRQ, messageID, sopClassUID)
        command.set(.priority, priority)
        command.set(.commandDataSetType, UInt16(0))
        command.set(.affectedSOPInstanceUID, sopInstanceUID)
        if let moveOriginator {
            command.set(.moveOriginatorAETitle, moveOriginator.aeTitle.string)
            command.set(.moveOriginatorMessageID, moveOriginator.messageID)
        }
        do {
            // The piece at hand waits for the next one: only then is it known whether it is the last.
            var held: ByteBuffer?
            var values = [value(command.encoded(), in: context, isCommand: true, isLast: true)]
            for try await piece in body where piece.readableBytes > 0 {
                if let held { values.append(value(held, in: context, isCommand: false, isLast: false)) }
                if held != nil {
                    try await association.send(values)
                    values.removeAll(keepingCapacity: true)
                }
                held = piece
            }
            values.append(value(held ?? ByteBuffer(), in: context, isCommand: false, isLast: true))
            try await association.send(values)
        } catch let error as UpperLayerError {
            throw DIMSEError(error)
        } catch {
            association.abort()
            throw error
        }
        return try await response(to: messageID, CommandField.cStoreRQ)
    }

    /// Ends the association in agreement with the peer.
    public func release() async -> AssociationEnd {
        await association.release()
    }

    /// Ends the association at once.
    public func abort() {
        association.abort()
    }
}

extension DIMSEClient {
    private func nextMessageID() -> UInt16 {
        lastMessageID.withLock { last in
            last = last == .max ? 1 : last + 1
            return last
        }
    }

    private func context(
        for sopClassUID: UID,
        transferSyntax: TransferSyntax?
    ) throws(DIMSEError) -> PresentationContext {
        let contexts = association.description.presentationContexts.values
        let context = contexts.first {
            $0.abstractSyntax == sopClassUID && (transferSyntax == nil || $0.transferSyntax == transferSyntax)
        }
        guard let context else { throw DIMSEError(.noPresentationContext) }
        return context
    }

    private func request(_ commandField: UInt16, _ messageID: UInt16, _ sopClassUID: UID) -> CommandSet {
        var command = CommandSet()
        command.set(.affectedSOPClassUID, sopClassUID)
        command.set(.commandField, commandField)
        command.set(.messageID, messageID)
        return command
    }

    private func value(
        _ bytes: ByteBuffer,
        in context: PresentationContext,
        isCommand: Bool,
        isLast: Bool
    ) -> PresentationDataValue {
        PresentationDataValue(presentationContextID: context.id, isCommand: isCommand, isLast: isLast, bytes: bytes)
    }

    private func send(_ command: CommandSet, in context: PresentationContext) async throws(DIMSEError) {
        do throws(UpperLayerError) {
            try await association.send([value(command.encoded(), in: context, isCommand: true, isLast: true)])
        } catch {
            throw DIMSEError(error)
        }
    }

    /// Waits for the one response to a request; anything else ends the association.
    private func response(to messageID: UInt16, _ commandField: UInt16) async throws(DIMSEError) -> DIMSEStatus {
        let received = await withTaskCancellationHandler {
            await receiveResponse(to: messageID, commandField)
        } onCancel: {
            association.abort()
        }
        switch received {
        case .success(let status): return status
        case .failure(let error):
            if let abort = error.abort { association.abort(abort) }
            throw error
        }
    }

    private func receiveResponse(
        to messageID: UInt16,
        _ commandField: UInt16
    ) async -> Result<DIMSEStatus, DIMSEError> {
        var collector = CommandCollector(lengthLimit: limits.commandLength)
        while true {
            switch await association.receive() {
            case .ended(let end): return .failure(DIMSEError(.associationEnded(end)))
            case .releaseRequested: return .failure(DIMSEError(.releasedMidMessage))
            case .value(let value):
                do throws(DIMSEError) {
                    guard let command = try collector.take(value) else { continue }
                    guard command.commandField == commandField | CommandField.responseBit, !command.hasDataSet,
                        command.commandSet.unsignedShort(.messageIDBeingRespondedTo) == messageID,
                        let status = command.commandSet.unsignedShort(.status)
                    else { throw DIMSEError(.responseUnexpected) }
                    return .success(DIMSEStatus(rawValue: status))
                } catch {
                    return .failure(error)
                }
            }
        }
    }
}
