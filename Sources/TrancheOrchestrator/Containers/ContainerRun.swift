import FoundationEssentials
import Synchronization
import Tranche
import TrancheHTTP

/// One run of one container.
struct ContainerRun: Sendable {
    let work: ContainerWork
    let settings: ContainerSettings
    let engine: ContainerEngine
    let document: ContainerDocument
    let progress: @Sendable () -> Void
    let copy: @Sendable ([UInt8]) -> Void

    /// So many containers that stand in the way are moved out of it.
    private static let mostClaims = 5

    /// Runs the container; cancelled, it is stopped, and its end is told all the same.
    func run() async throws -> ContainerEnd {
        try Task.checkCancellation()
        let stop = StopSource()
        return try await withTaskCancellationHandler {
            // A cancelled task's requests would end at once, and leave the container at work.
            let whole = Task { try await runWhole(stop) }
            return try await whole.value
        } onCancel: {
            stop.advance(to: .ending)
        }
    }

    private func runWhole(_ stop: StopSource) async throws -> ContainerEnd {
        switch try await claim() {
        case .created(let id):
            do {
                if stop.stage == .ending { throw CancellationError() }
                return await ended(try await begin(id, stop), id)
            } catch {
                await clear(id, after: error)
                throw error
            }
        case .adopted(let id):
            return await ended(try await follow(id, stop), id)
        }
    }

    // MARK: - Claiming

    private enum Claim {
        case created(id: String)
        case adopted(id: String)
    }

    /// Makes the batch's container, or finds the one that is at work under this attempt.
    private func claim() async throws -> Claim {
        var document = document
        let request = UUID().uuidString
        document.labels[ContainerLabel.request] = request
        for _ in 0..<Self.mostClaims {
            switch try await engine.create(work.name, document) {
            case .created(let id): return .created(id: id)
            case .imageUnknown(let words):
                let advice =
                    settings.pull == .never
                    ? "; pull it, or set pull to missing" : ""
                throw ContainerError(.imageUnknown, words + advice)
            case .nameTaken:
                guard let other = try await engine.inspect(work.name) else { continue }
                if other.label(ContainerLabel.request) == request { return .created(id: other.id) }
                if try await mayAdopt(other) { return .adopted(id: other.id) }
                if other.phase == .running {
                    try await engine.stop(other.id, seconds: settings.stopSeconds)
                }
                try await engine.remove(other.id)
            }
        }
        throw ContainerError(
            .nameTaken,
            "the container \(work.name) comes back as often as it is removed; does another "
                + "inventory have the name '\(work.inventory)'?",
            category: .transient
        )
    }

    /// Whether a container is this attempt's own work; else it is to be removed.
    ///
    /// - Throws: ``ContainerError`` `.nameTaken` for one that is none of this inventory's, and
    ///   `.lost` where the batch is another's.
    private func mayAdopt(_ other: ContainerState) async throws -> Bool {
        guard other.label(ContainerLabel.inventory) == work.inventory,
            other.label(ContainerLabel.batch) == String(work.batch),
            let attempt = other.label(ContainerLabel.attempt).flatMap({ Int($0) })
        else {
            throw ContainerError(
                .nameTaken,
                "the name \(work.name) is taken by a container that this inventory did not make; "
                    + "rename or remove it"
            )
        }
        guard attempt <= work.attempt, try await work.isHeld() else { throw lost() }
        return attempt == work.attempt && other.phase != .created && !work.input.isStreamed
            && other.label(ContainerLabel.input) == work.input.label
    }

    private func lost() -> ContainerError {
        ContainerError(
            .lost,
            "batch \(work.batch) is no longer held under attempt \(work.attempt)"
        )
    }

    // MARK: - At work

    /// What is known of a run while it goes on.
    private struct Watch: Sendable {
        var outputs = ContainerOutputs()
        /// Whether both outputs were read to their ends.
        var isRead = false
        /// Whether the engine took all of the input.
        ///
        /// Where the program leaves some, an engine may end the connection before it has handed
        /// over the outputs (podman 4.3.1 under load).
        var isFed = false
        /// Whether the container was told to stop while it ran.
        var isStopped = false
        /// Whether the engine was lost while the container ran: nobody knows what of the input it
        /// handed over, nor what of the outputs.
        var isLost = false
    }

    private enum Part: Sendable {
        case read((ContainerOutputs, isWhole: Bool))
        case fed(isWhole: Bool)
        case stopped(Bool)
    }

    /// Starts a container that was just created, hands over its input and reads its outputs.
    private func begin(_ id: String, _ stop: StopSource) async throws -> ContainerEnd {
        let witness = try await engine.witness()
        let stream = try await engine.attach(id, input: work.input.isStreamed)
        defer { stream.close() }
        try await engine.start(id)
        var watch = try await watch(id, stream, stop)
        if !witness.isOpen, work.input.isStreamed {
            try await engine.stop(id, seconds: settings.stopSeconds)
        }
        let state = try await engine.end(of: id, isReadToTheEnd: watch.isRead)
        // What was handed over to one that died meanwhile may never have reached the program, which
        // takes that for the end of its input; and the outputs end there as if the container had.
        watch.isLost = !witness.isOpen
        if watch.isLost, work.input.isStreamed, !watch.isStopped {
            throw ContainerError(
                .inputCut,
                "the container engine went away while it handed the input to container \(work.name)"
            )
        }
        if watch.isLost || !watch.isRead || !watch.isFed {
            do {
                watch.outputs = try await logs(id)
            } catch let error as ContainerError where error.code == .refused {
                // An engine may keep none: then what was read of them stands.
            }
        }
        return end(state, watch, isAdopted: false)
    }

    private func watch(
        _ id: String,
        _ stream: HTTPStream,
        _ stop: StopSource
    ) async throws -> Watch {
        try await withThrowingTaskGroup(of: Part.self) { group in
            group.addTask { .read(await read(stream)) }
            group.addTask { .stopped(try await stopWhenAsked(id, stop)) }
            if case .lines(let feed) = work.input.kind {
                group.addTask {
                    let isWhole = Atomic(true)
                    try await feed { bytes in
                        let isTaken = try await stream.write(bytes)
                        if !isTaken { isWhole.store(false, ordering: .relaxed) }
                        return isTaken
                    }
                    stream.finishWriting()
                    return .fed(isWhole: isWhole.load(ordering: .relaxed))
                }
            }
            var watch = Watch(isFed: !work.input.isStreamed)
            // What reads and writes ends with the connection, and not by being cancelled.
            defer { stream.close() }
            var isOpen = true
            while isOpen, let part = try await group.next() {
                switch part {
                case .read(let outputs):
                    isOpen = false
                    // Nobody reads any more what is still to be written.
                    stream.close()
                    (watch.outputs, watch.isRead) = outputs
                case .stopped(let wasRunning): watch.isStopped = wasRunning
                case .fed(let isWhole): watch.isFed = isWhole
                }
            }
            group.cancelAll()
            while let part = await group.nextResult() {
                switch part {
                case .success(.stopped(let wasRunning)) where wasRunning: watch.isStopped = true
                case .success(.fed(let isWhole)): watch.isFed = isWhole
                default: break
                }
            }
            return watch
        }
    }

    /// Reads both outputs to their end: whether they are whole, as far as that is known.
    private func read(_ stream: HTTPStream) async -> (ContainerOutputs, isWhole: Bool) {
        var outputs = ContainerOutputs()
        do {
            while case let bytes = try await stream.read(), !bytes.isEmpty {
                progress()
                try outputs.add(bytes, copy)
            }
            let isWhole = outputs.finish(copy)
            return (outputs, isWhole)
        } catch {
            // The engine keeps all of it: it is read again when the container has ended.
            _ = outputs.finish(copy)
            return (outputs, false)
        }
    }

    /// Waits until it is asked, and stops the container.
    ///
    /// - Returns: Whether it was still running; `false` when nobody asked.
    private func stopWhenAsked(_ id: String, _ stop: StopSource) async throws -> Bool {
        await stop.reached(.ending)
        guard stop.stage == .ending else { return false }
        // The container's end cancels what waits for it, and the answer says why it ended.
        let stopping = Task { try await engine.stop(id, seconds: settings.stopSeconds) }
        return try await stopping.value
    }

    /// Waits for the end of a container that somebody else has started.
    private func follow(
        _ id: String,
        _ stop: StopSource
    ) async throws -> ContainerEnd {
        progress()
        let (state, isStopped) = try await withThrowingTaskGroup(
            of: (ContainerState?, Bool).self
        ) { group in
            group.addTask { (try await engine.end(of: id), false) }
            group.addTask { (nil, try await stopWhenAsked(id, stop)) }
            var isStopped = false
            var state: ContainerState?
            while state == nil, let part = try await group.next() {
                state = part.0
                isStopped = isStopped || part.1
            }
            group.cancelAll()
            while case .success(let part)? = await group.nextResult() {
                isStopped = isStopped || part.1
            }
            guard let state else { throw lost() }
            return (state, isStopped)
        }
        let watch = Watch(outputs: try await logs(id), isStopped: isStopped)
        return end(state, watch, isAdopted: true)
    }

    /// What a container that has ended wrote.
    private func logs(_ id: String) async throws -> ContainerOutputs {
        let read = Mutex((outputs: ContainerOutputs(), fault: ContainerFrames.Fault?.none))
        try await engine.readLogs(id) { bytes in
            read.withLock { read in
                guard read.fault == nil else { return }
                do throws(ContainerFrames.Fault) {
                    try read.outputs.add(bytes) { _ in }
                } catch {
                    read.fault = error
                }
            }
        }
        var (outputs, fault) = read.withLock { $0 }
        if let fault {
            throw ContainerError(.refused, "the output of container \(work.name): \(fault)")
        }
        _ = outputs.finish { _ in }
        return outputs
    }

    // MARK: - The end

    private func end(_ state: ContainerState, _ watch: Watch, isAdopted: Bool) -> ContainerEnd {
        let code = state.state.exitCode
        let isLikelyOutOfMemory = code == 137 && settings.memory != nil && !watch.isStopped
        let isOutOfMemory = (state.state.isOutOfMemory ?? false) || isLikelyOutOfMemory
        var program = ProgramEnd(
            exit: .code(code),
            lastLine: watch.outputs.lines.lastLine,
            output: watch.outputs.output,
            errors: watch.outputs.errors,
            isCutShort: watch.isStopped
        )
        program.badBefore = watch.outputs.lines.badBefore
        program.mayBlameBefore = watch.outputs.lines.mayBlameBefore
        let bound = settings.memory.map { " of \($0) bytes" } ?? ""
        let memory = isOutOfMemory ? ", killed for want of memory\(bound)" : ""
        program.codeWords = { "process exited with code \($0)\(memory)" }
        return ContainerEnd(
            exitCode: code,
            isOutOfMemory: isOutOfMemory,
            isAdopted: isAdopted,
            name: work.name,
            imageID: state.imageID,
            program: program
        )
    }

    /// Removes a container that is done; its end stands, whatever becomes of that.
    private func ended(_ end: ContainerEnd, _ id: String) async -> ContainerEnd {
        if end.exitCode == 0 || end.isCutShort {
            do {
                try await engine.remove(id)
            } catch {
                // Whoever finds it by its name, or reaps, removes it.
            }
        }
        return end
    }

    /// Ends a container whose run was broken off, as far as the engine answers.
    private func clear(_ id: String, after error: any Error) async {
        let code = (error as? ContainerError)?.code
        if code == .lost || code == .unreachable { return }
        do {
            if try await engine.inspect(id)?.phase == .running {
                try await engine.stop(id, seconds: settings.stopSeconds)
            }
            try await engine.remove(id)
        } catch {
            // Whoever has the batch next finds the container by its name, and so does reaping. What
            // is told is what went wrong first.
        }
    }
}

/// The ends of what a container writes.
struct ContainerOutputs: Sendable {
    private var frames = ContainerFrames()
    private(set) var lines = LineCollector()
    private(set) var output = OutputTail()
    private(set) var errors = OutputTail()

    /// Takes what the engine sends.
    mutating func add(
        _ bytes: [UInt8],
        _ copy: ([UInt8]) -> Void
    ) throws(ContainerFrames.Fault) {
        try frames.add(bytes) { kind, piece in
            switch kind {
            case .standardOutput:
                output.add(piece)
                let whole = lines.add(piece)
                if !whole.isEmpty { copy(whole) }
            case .standardError:
                errors.add(piece)
                copy(Array(piece))
            }
        }
    }

    /// Ends it: whether nothing is missing.
    mutating func finish(_ copy: ([UInt8]) -> Void) -> Bool {
        let rest = lines.finish()
        if !rest.isEmpty { copy(rest) }
        return frames.isWhole
    }
}
