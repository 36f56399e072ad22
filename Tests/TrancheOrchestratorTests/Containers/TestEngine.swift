import Foundation
import Synchronization
import Testing
import Tranche

@testable import TrancheOrchestrator

/// The engine that the tests run containers on, with one image of busybox.
struct TestEngine: Sendable {
    /// Why there is none.
    struct Missing: Error, CustomStringConvertible {
        let description =
            "no container engine is named in TRANCHE_TEST_CONTAINERS; scripts/test starts one"
    }

    /// Whether there is one: `scripts/test` starts it where that can be.
    static var isThere: Bool {
        ProcessInfo.processInfo.environment["TRANCHE_TEST_CONTAINERS"]?.isEmpty == false
    }

    static let image = "localhost/tranche-test:1"

    let address: ContainerAddress
    let engine: ContainerEngine
    /// An inventory of the test's own, so that no name is taken by another.
    let inventory: String

    init(_ address: ContainerAddress? = nil, inventory: String? = nil) throws {
        let variables = ProcessInfo.processInfo.environment
        guard let url = variables["TRANCHE_TEST_CONTAINERS"], !url.isEmpty else { throw Missing() }
        self.address = try address ?? ContainerAddress(url)
        engine = ContainerEngine(self.address)
        self.inventory = inventory ?? "t\(UUID().uuidString.lowercased())"
    }

    /// A program of the shell.
    func shell(
        _ script: String,
        environment: [String: String] = [:],
        copy: Copy? = nil,
        _ change: (inout ContainerSettings) -> Void = { _ in }
    ) throws -> ContainerProgram {
        var settings = ContainerSettings(image: Self.image)
        settings.arguments = ["sh", "-c", script]
        settings.pull = .never
        change(&settings)
        return try ContainerProgram(settings, on: engine, environment: environment) {
            copy?.body($0)
        }
    }

    func work(
        batch: Int64 = 1,
        attempt: Int = 1,
        _ input: ContainerInput = .nothing,
        isHeld: @escaping @Sendable () async throws -> Bool = { true }
    ) -> ContainerWork {
        ContainerWork(
            inventory: inventory,
            batch: batch,
            attempt: attempt,
            worker: "tester",
            lease: Date(timeIntervalSince1970: 0),
            fence: "e.\(batch).\(attempt)",
            input: input,
            variables: ["TRANCHE_BATCH": String(batch)],
            isHeld: isHeld
        )
    }

    /// The container of a batch, where there is one.
    func container(_ batch: Int64 = 1) async throws -> ContainerState? {
        try await engine.inspect(work(batch: batch).name)
    }

    /// Starts a container as another worker would have, and leaves it.
    @discardableResult
    func leave(
        _ work: ContainerWork,
        _ script: String,
        isStarted: Bool = true
    ) async throws -> String {
        let document = try shell(script).document(for: work)
        guard case .created(let id) = try await engine.create(work.name, document) else {
            throw Missing()
        }
        if isStarted { try await engine.start(id) }
        return id
    }

    /// Removes what the test left behind.
    func clear() async throws {
        for entry in try await engine.list(inventory: inventory) {
            try await engine.remove(entry.id)
        }
    }
}

/// Runs a body with an engine, and removes what it left behind.
func withEngine(
    _ address: ContainerAddress? = nil,
    inventory: String? = nil,
    _ body: (TestEngine) async throws -> Void
) async throws {
    let engine = try TestEngine(address, inventory: inventory)
    do {
        try await body(engine)
    } catch {
        try await engine.clear()
        throw error
    }
    try await engine.clear()
}

/// Who is given what a program writes.
struct Copy: Sendable {
    let body: @Sendable ([UInt8]) -> Void
}

/// A signal from what a program writes to who waits for it.
final class Sighting: Sendable {
    private let text: [UInt8]
    private let seen = Mutex<[UInt8]>([])
    private let stream = AsyncStream<Void>.makeStream()

    init(_ text: String) { self.text = Array(text.utf8) }

    func add(_ bytes: [UInt8]) {
        let isThere = seen.withLock { seen in
            seen += bytes
            return seen.firstRange(of: text) != nil
        }
        if isThere { stream.continuation.finish() }
    }

    func wait() async {
        for await _ in stream.stream {}
    }
}
