import FoundationEssentials
import Synchronization
import Tranche
import TrancheHTTP

extension ContainerEngine {
    /// What came of making a container.
    enum Creation: Sendable {
        case created(id: String)
        case nameTaken
        case imageUnknown(String)
    }

    /// Makes a container; it is not started.
    ///
    /// One whose answer is lost is found under its name.
    func create(_ name: String, _ document: ContainerDocument) async throws -> Creation {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var call = Call(method: .post, path: ["containers", "create"], query: [("name", name)])
        call.body = Array(try encoder.encode(document))
        call.isRepeatable = true
        let response = try await answer(to: call)
        if response.isSuccess {
            return .created(id: try Self.decode(Created.self, response, "create").id)
        }
        let refusal = refusal(response, "container \(name)")
        // podman says 500, docker 409.
        if [409, 500].contains(response.status), refusal.message.contains("already in use") {
            return .nameTaken
        }
        if response.status == 404, refusal.message.contains("image") {
            return .imageUnknown(refusal.message)
        }
        throw refusal
    }

    private struct Created: Decodable {
        var id: String

        enum CodingKeys: String, CodingKey {
            case id = "Id"
        }
    }

    /// Looks at a container.
    ///
    /// - Parameter id: Its id or name.
    /// - Returns: Its state; `nil` where there is none.
    /// - Throws: ``ContainerError``.
    func inspect(_ id: String) async throws -> ContainerState? {
        let call = Call(path: ["containers", id, "json"], isRepeatable: true)
        let response = try await answer(to: call)
        if response.status == 404 { return nil }
        guard response.isSuccess else {
            let refusal = refusal(response, "container \(id)")
            // podman says 500 of one that is being removed at the moment.
            if response.status == 500, refusal.message.contains("no such container") { return nil }
            throw refusal
        }
        return try Self.decode(ContainerState.self, response, "inspect")
    }

    /// Starts a container, once: one that has ended would begin again.
    ///
    /// - Throws: ``ContainerError`` `.cannotStart` where its program cannot be run; `.unreachable`
    ///   where it is not known whether it was started.
    func start(_ id: String) async throws {
        let call = Call(method: .post, path: ["containers", id, "start"], isPatient: true)
        let response = try await answer(to: call)
        if response.isSuccess || response.status == 304 { return }
        throw refusal(response, "the container cannot be started", .cannotStart)
    }

    /// Connects to the input and the outputs of a container that was not started yet.
    ///
    /// Never to be used later: podman makes one that has ended ready to begin again.
    ///
    /// - Throws: ``ContainerError`` `.cannotStart`, `.unreachable`.
    func attach(_ id: String, input: Bool) async throws -> HTTPStream {
        var query = [("stream", "1"), ("stdout", "1"), ("stderr", "1")]
        if input { query.append(("stdin", "1")) }
        let path = ["containers", id, "attach"]
        do {
            return try await open(
                Call(method: .post, path: path, query: query, isPatient: true)
            )
        } catch let error as HTTPStream.Refusal {
            // podman makes the program's process already here.
            throw refusal(error.response, "the container cannot be started", .cannotStart)
        }
    }

    /// Waits for the end of a container that was started.
    ///
    /// The answer's code is for nothing but to know that there was one: podman says -1 at times.
    func waitForEnd(_ id: String) async throws {
        let call = Call(method: .post, path: ["containers", id, "wait"], isPatient: true)
        let response = try await answer(to: call)
        guard response.isSuccess || response.status == 404 else {
            throw refusal(response, "container \(id)")
        }
    }

    /// Reads what a container that has ended wrote.
    ///
    /// Not while it runs: podman 4.3 then leaves out lines, and at times never comes to an end.
    func readLogs(_ id: String, _ body: @escaping @Sendable ([UInt8]) -> Void) async throws {
        let query = [("stdout", "1"), ("stderr", "1"), ("follow", "0")]
        let call = Call(path: ["containers", id, "logs"], query: query, receive: body)
        let response = try await answer(to: call)
        guard response.isSuccess else { throw refusal(response, "the logs of container \(id)") }
    }

    /// Stops a container: SIGTERM, and SIGKILL some seconds later.
    ///
    /// - Returns: Whether it was still running.
    @discardableResult
    func stop(_ id: String, seconds: Int) async throws -> Bool {
        var call = Call(method: .post, path: ["containers", id, "stop"], isPatient: true)
        // Without a time podman kills at once.
        call.query = [("t", String(seconds))]
        call.isRepeatable = true
        let response = try await answer(to: call)
        switch response.status {
        case 200..<300: return true
        case 304, 404: return false
        default: return try await kill(id)
        }
    }

    private func kill(_ id: String) async throws -> Bool {
        let query = [("signal", "KILL")]
        let call = Call(
            method: .post,
            path: ["containers", id, "kill"],
            query: query,
            isRepeatable: true
        )
        let response = try await answer(to: call)
        if response.isSuccess { return true }
        // It has ended meanwhile.
        guard try await inspect(id)?.phase == .running else { return false }
        throw refusal(response, "container \(id) cannot be killed")
    }

    /// Removes a container; then it is gone.
    ///
    /// - Parameter id: Its id: a name may be another's by now.
    /// - Throws: ``ContainerError``.
    func remove(_ id: String) async throws {
        var call = Call(method: .delete, path: ["containers", id])
        call.query = [("force", "1"), ("v", "1")]
        call.isPatient = true
        call.isRepeatable = true
        var backoff = Backoff(limit: .seconds(30))
        while true {
            let response = try await answer(to: call)
            if response.isSuccess || response.status == 404 { return }
            // Somebody else may be removing it.
            guard let wait = backoff.next(0.5) else {
                throw refusal(response, "container \(id) does not go away")
            }
            try await clock.sleep(for: wait)
        }
    }

    /// Lists the containers of an inventory, ended ones among them.
    func list(inventory: String) async throws -> [ContainerEntry] {
        let filter = ["label": ["\(ContainerLabel.inventory)=\(inventory)"]]
        let query = [("all", "1"), ("filters", try JSONText.encode(filter))]
        let call = Call(path: ["containers", "json"], query: query, isRepeatable: true)
        let response = try await answer(to: call)
        guard response.isSuccess else { throw refusal(response, "the list of containers") }
        return try Self.decode([ContainerEntry].self, response, "list")
    }

    static func decode<Value: Decodable>(
        _ type: Value.Type,
        _ response: HTTPResponse,
        _ what: String
    ) throws(ContainerError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(response.body))
        } catch {
            throw ContainerError(
                .refused,
                "what the container engine answers to \(what) cannot be read; is it one?",
                underlying: error
            )
        }
    }
}

extension ContainerEngine {
    /// Waits until a container that was started has ended, and its exit code is known.
    ///
    /// - Parameters:
    ///   - id: The container's id.
    ///   - isReadToTheEnd: Whether its outputs have ended, so that it is about to end.
    /// - Returns: Its state at the end.
    /// - Throws: ``ContainerError`` `.lost` where somebody has removed it.
    func end(of id: String, isReadToTheEnd: Bool = false) async throws -> ContainerState {
        // Looking costs podman less than waiting, in which it looks four times a second.
        var looks = Backoff(limit: isReadToTheEnd ? .milliseconds(400) : .zero)
        while true {
            guard let state = try await inspect(id) else {
                throw ContainerError(.lost, "container \(id) was removed before it had ended")
            }
            switch state.phase {
            case .ended: return state
            case .created:
                throw ContainerError(.cannotStart, "container \(id) was never started")
            case .running, .ending:
                if let wait = looks.next(0) {
                    try await clock.sleep(for: wait)
                } else {
                    try await waitPatiently(id)
                    // What ends is looked at again, in a while.
                    looks = Backoff(limit: .milliseconds(400))
                }
            }
        }
    }

    /// Waits for the end; an engine that goes away meanwhile is for the next look to find.
    private func waitPatiently(_ id: String) async throws {
        do {
            try await waitForEnd(id)
        } catch let error as ContainerError where error.code == .unreachable {
            // Looking at it waits for the engine to come back.
        } catch let error as ContainerError where error.code == .refused {
            // podman refuses so what is removed meanwhile.
            guard try await inspect(id) == nil else { throw error }
        }
    }

    /// A connection on which nothing comes, and which ends when the engine's service does.
    ///
    /// All callers that ask while it is open share one.
    func witness() async throws -> HTTPStream {
        if let witness = currentWitness.withLock({ $0 }), witness.isOpen { return witness }
        let filter = try JSONText.encode(["label": ["\(ContainerLabel.request)=none"]])
        let call = Call(path: ["events"], query: [("filters", filter)], isPatient: true)
        do {
            let witness = try await open(call)
            currentWitness.withLock { $0 = witness }
            return witness
        } catch let error as HTTPStream.Refusal {
            throw refusal(error.response, "events")
        }
    }
}
