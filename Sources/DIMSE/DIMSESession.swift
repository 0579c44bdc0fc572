import DICOMCoding
import DICOMCore
import DICOMUpperLayer
import NIOCore

/// One association's operations, one after the other.
struct DIMSESession {
    private let association: Association
    private let services: any DIMSEServices
    private let policy: ArchiveNegotiationPolicy
    private let limits: DIMSELimits
    private var collector: CommandCollector

    init(
        association: Association,
        services: any DIMSEServices,
        policy: ArchiveNegotiationPolicy,
        limits: DIMSELimits
    ) {
        self.association = association
        self.services = services
        self.policy = policy
        self.limits = limits
        collector = CommandCollector(lengthLimit: limits.commandLength)
    }

    /// Returns after a release.
    mutating func serve() async throws(DIMSEError) {
        while true {
            switch await association.receive(isMidMessage: collector.isMidCommand) {
            case .ended(let end): throw DIMSEError(.associationEnded(end))
            case .releaseRequested:
                guard !collector.isMidCommand else { throw DIMSEError(.releasedMidMessage) }
                association.respondToRelease()
                return
            case .value(let value):
                if let command = try collector.take(value) { try await perform(command) }
            }
        }
    }

    private mutating func perform(_ command: ReceivedCommand) async throws(DIMSEError) {
        if command.commandField == CommandField.cCancelRQ {
            // What it wants to cancel is over: the two have crossed.
            guard !command.hasDataSet else { throw DIMSEError(.commandInvalid) }
            return
        }
        guard command.commandField & CommandField.responseBit == 0 else { throw DIMSEError(.responseUnexpected) }
        guard let messageID = command.commandSet.unsignedShort(.messageID),
            let context = association.description.presentationContexts[command.presentationContextID]
        else { throw DIMSEError(.commandInvalid) }
        let operation = Operation(command: command, messageID: messageID, context: context)
        if let refusal = refusal(of: operation) {
            if command.hasDataSet { try await stream(of: operation, lengthLimit: limits.instanceLength).drain() }
            try await respond(to: operation, refusal)
            return
        }
        switch command.commandField {
        case CommandField.cEchoRQ: try await respond(to: operation, .success)
        case CommandField.cStoreRQ: try await store(operation)
        case CommandField.cFindRQ: try await find(operation)
        default: try await respond(to: operation, DIMSEOutcome(.unrecognizedOperation))
        }
    }

    private func stream(of operation: Operation, lengthLimit: UInt64) -> DataSetStream {
        DataSetStream(association: association, presentationContextID: operation.context.id, lengthLimit: lengthLimit)
    }
}

// MARK: - Operations

extension DIMSESession {
    private struct Operation {
        let command: ReceivedCommand
        let messageID: UInt16
        let context: PresentationContext

        /// DIMSE-N requests name the class that they want, not the one that is affected.
        var sopClassElement: CommandElement {
            command.commandSet.has(.requestedSOPClassUID) ? .requestedSOPClassUID : .affectedSOPClassUID
        }
    }

    /// What is wrong with a command before its Data Set is looked at; `nil` for nothing.
    private func refusal(of operation: Operation) -> DIMSEOutcome? {
        let commandSet = operation.command.commandSet
        let field = operation.command.commandField
        let abstractSyntax = operation.context.abstractSyntax
        guard isServed(field, abstractSyntax) else {
            // A known command in a context of another kind: it is the SOP class that does not fit.
            let isKnown = [CommandField.cStoreRQ, CommandField.cFindRQ, CommandField.cEchoRQ].contains(field)
            return DIMSEOutcome(isKnown ? .sopClassNotSupported : .unrecognizedOperation)
        }
        guard let sopClassUID = commandSet.uid(operation.sopClassElement) else {
            return DIMSEOutcome(
                .processingFailure,
                errorComment: "Affected SOP Class UID is missing",
                offendingElements: [Tag(group: 0, element: CommandElement.affectedSOPClassUID.rawValue)]
            )
        }
        guard sopClassUID == abstractSyntax else {
            return DIMSEOutcome(.sopClassNotSupported, errorComment: "SOP class is not that of the context")
        }
        let needsDataSet = field != CommandField.cEchoRQ
        guard operation.command.hasDataSet == needsDataSet else {
            return DIMSEOutcome(
                .processingFailure,
                errorComment: needsDataSet ? "Data Set is missing" : "Data Set is not expected",
                offendingElements: [Tag(group: 0, element: CommandElement.commandDataSetType.rawValue)]
            )
        }
        guard field != CommandField.cStoreRQ || commandSet.uid(.affectedSOPInstanceUID) != nil else {
            return DIMSEOutcome(
                .dataSetDoesNotMatchSOPClass,
                errorComment: "Affected SOP Instance UID is not a UID",
                offendingElements: [Tag(group: 0, element: CommandElement.affectedSOPInstanceUID.rawValue)]
            )
        }
        return nil
    }

    private func isServed(_ commandField: UInt16, _ abstractSyntax: UID) -> Bool {
        switch commandField {
        case CommandField.cEchoRQ: abstractSyntax == ArchiveNegotiationPolicy.verification
        case CommandField.cStoreRQ: policy.isStorage(abstractSyntax)
        case CommandField.cFindRQ:
            policy.services[abstractSyntax] != nil && abstractSyntax != ArchiveNegotiationPolicy.verification
        default: false
        }
    }

    private func store(_ operation: Operation) async throws(DIMSEError) {
        let commandSet = operation.command.commandSet
        guard let sopInstanceUID = commandSet.uid(.affectedSOPInstanceUID) else { return }
        let stream = stream(of: operation, lengthLimit: limits.instanceLength)
        let request = CStoreRequest(
            messageID: operation.messageID,
            affectedSOPClassUID: operation.context.abstractSyntax,
            affectedSOPInstanceUID: sopInstanceUID,
            transferSyntax: operation.context.transferSyntax,
            priority: commandSet.unsignedShort(.priority) ?? 0,
            moveOriginatorAETitle: commandSet.aeTitle(.moveOriginatorAETitle),
            moveOriginatorMessageID: commandSet.unsignedShort(.moveOriginatorMessageID)
        )
        let outcome = await services.store(
            request,
            body: DIMSEBody { () async throws(DIMSEError) in try await stream.next() }
        )
        do throws(DIMSEError) {
            try await stream.drain()
        } catch {
            if error.code == .dataSetTooLong {
                let refusal = DIMSEOutcome(.outOfResources, errorComment: "Longer than limits.data-set.instance-length")
                try await respond(to: operation, refusal)
            }
            throw error
        }
        try await respond(to: operation, outcome)
    }

    private mutating func find(_ operation: Operation) async throws(DIMSEError) {
        guard let identifier = try await identifier(operation) else { return }
        let watch = CancellationWatch(association: association, messageID: operation.messageID, limits: limits)
        let request = CFindRequest(
            messageID: operation.messageID,
            affectedSOPClassUID: operation.context.abstractSyntax,
            transferSyntax: operation.context.transferSyntax,
            priority: operation.command.commandSet.unsignedShort(.priority) ?? 0,
            isCancelled: { watch.isCancelled() }
        )
        // Encoded once for all matches: only these two differ.
        let command = Self.pendingResponse(to: operation, .pending)
        let commandWithoutKeys = Self.pendingResponse(to: operation, .pendingWithoutOptionalKeys)
        let context = operation.context
        let sendMatch: MatchResponder = { [association] match, status in
            try watch.check()
            let command = status == .pendingWithoutOptionalKeys ? commandWithoutKeys : command
            let dataSet = try DataSetEncoder.encode(match, in: context.transferSyntax)
            try await association.send([
                .init(presentationContextID: context.id, isCommand: true, isLast: true, bytes: command),
                .init(presentationContextID: context.id, isCommand: false, isLast: true, bytes: dataSet),
            ])
        }
        // A search may go on for long without waiting for anything. On the event loop it would keep the loop from seeing
        // the C-CANCEL that is to end it.
        var outcome = await withTaskExecutorPreference(globalConcurrentExecutor) { [services] in
            await services.find(request, identifier: identifier, respond: sendMatch)
        }
        let (collector, isCancelled, failure) = watch.finish()
        if let failure { throw failure }
        self.collector = collector
        if isCancelled, outcome.status != .success { outcome = DIMSEOutcome(.cancel) }
        try await respond(to: operation, outcome)
    }

    private static func pendingResponse(to operation: Operation, _ status: DIMSEStatus) -> ByteBuffer {
        var pending = response(to: operation, DIMSEOutcome(status))
        pending.set(.commandDataSetType, UInt16(0))
        return pending.encoded()
    }

    /// The identifier of a query; `nil` when it was refused.
    private func identifier(_ operation: Operation) async throws(DIMSEError) -> DataSet? {
        let stream = stream(of: operation, lengthLimit: UInt64(limits.identifierLength))
        var bytes = ByteBuffer()
        do throws(DIMSEError) {
            while let piece = try await stream.next() { bytes.writeImmutableBuffer(piece) }
        } catch {
            if error.code == .dataSetTooLong {
                let refusal = DIMSEOutcome(.outOfResources, errorComment: "Longer than limits.dimse.identifier-length")
                try await respond(to: operation, refusal)
            }
            throw error
        }
        do throws(DataSetError) {
            return try DataSetReader.dataSet(
                from: bytes,
                transferSyntax: operation.context.transferSyntax,
                limits: limits.dataSet
            )
        } catch {
            let refusal = DIMSEOutcome(.cannotUnderstand, errorComment: "identifier cannot be decoded")
            try await respond(to: operation, refusal)
            return nil
        }
    }

    private func respond(to operation: Operation, _ outcome: DIMSEOutcome) async throws(DIMSEError) {
        let response = Self.response(to: operation, outcome)
        do throws(UpperLayerError) {
            try await association.send([
                PresentationDataValue(
                    presentationContextID: operation.context.id,
                    isCommand: true,
                    isLast: true,
                    bytes: response.encoded()
                )
            ])
        } catch {
            throw DIMSEError(error)
        }
    }

    private static func response(to operation: Operation, _ outcome: DIMSEOutcome) -> CommandSet {
        let request = operation.command.commandSet
        var response = CommandSet()
        if let sopClassUID = request.uid(operation.sopClassElement) {
            response.set(.affectedSOPClassUID, sopClassUID)
        }
        response.set(.commandField, operation.command.commandField | CommandField.responseBit)
        response.set(.messageIDBeingRespondedTo, operation.messageID)
        response.set(.commandDataSetType, CommandField.noDataSet)
        response.set(.status, outcome.status.rawValue)
        if !outcome.offendingElements.isEmpty { response.set(.offendingElement, outcome.offendingElements) }
        if let comment = outcome.errorComment { response.set(.errorComment, String(comment.prefix(64))) }
        if operation.command.commandField == CommandField.cStoreRQ,
            let sopInstanceUID = request.uid(.affectedSOPInstanceUID)
        {
            response.set(.affectedSOPInstanceUID, sopInstanceUID)
        }
        return response
    }
}

extension DIMSEError {
    init(_ error: UpperLayerError) {
        switch error.code {
        case .ended(let end): self.init(.associationEnded(end))
        case .connectFailed, .bindFailed, .listenerLost: self.init(.connectFailed)
        }
    }
}
