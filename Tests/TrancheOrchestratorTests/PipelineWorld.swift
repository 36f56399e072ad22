import Foundation
import TestSupport
import Testing
import Tranche
import TrancheChains
import TrancheConnectors
import TrancheOrchestrator
import TrancheSQL
import TrancheSQLite
import TrancheWorkflows

/// Gives an event for each payload, once.
struct Given: Input {
    let name: String
    let payloads: [String]

    func run(_ log: InputLog) async throws {
        try await gather(log)
        try await log.clock.sleep(for: .seconds(3600))
    }

    func gather(_ log: InputLog) async throws {
        try await log.append(
            payloads.enumerated().map { place, payload in
                var event = Event(location: "here", operation: .create, id: "\(place)")
                event.payload = payload.isEmpty ? nil : payload
                return InputLog.Entry(event, identity: "\(place)")
            }
        )
    }
}

/// A folder, a database and an inventory in it, to run the texts of pipelines.
struct PipelineWorld {
    let folder: TemporaryFolder
    let database: TestDatabase
    let inventory: Inventory
    /// A name that no other test gives a table.
    let table = "t_" + UUID().uuidString.lowercased().replacing("-", with: "")
    var environment: [String: String] = [:]

    static let connectors = Connectors([
        InventoryConnector(), InputConnector(), FileConnector(), SQLiteConnector(),
        TableConnector(),
    ])

    private func types(_ workflows: WorkflowOptions) -> PipelineTypes {
        var types = PipelineTypes.standard(
            Self.connectors,
            environment: environment,
            workflows: workflows
        )
        types.inputs["given"] = { Given(name: $0.name, payloads: $0.texts("payloads")) }
        return types
    }

    func pipeline(_ text: String, _ workflows: WorkflowOptions = WorkflowOptions()) throws
        -> Pipeline
    {
        try Pipeline(text: text, file: "p.yaml", types: types(workflows))
    }

    /// What is wrong with a text.
    func faults(_ text: String) -> [String] {
        do {
            _ = try pipeline(text)
            return []
        } catch let error as YAMLFaults {
            return error.faults.map { "\($0)" }
        } catch {
            return ["\(error)"]
        }
    }

    /// Works on what there is now, and ends.
    ///
    /// - Returns: The failures.
    @discardableResult
    func drain(
        _ text: String,
        _ workflows: WorkflowOptions = WorkflowOptions()
    ) async throws -> [String] {
        try await drain(pipeline(text, workflows))
    }

    @discardableResult
    func drain(_ pipeline: Pipeline) async throws -> [String] {
        let orchestrator = try pipeline.orchestrator(on: inventory)
        try await orchestrator.drain()
        var failures: [String] = []
        for await error in orchestrator.errors { failures.append("\(error)") }
        return failures
    }

    /// Writes a file; its folder is made.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let url = URL(filePath: folder.path(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try Data(text.utf8).write(to: url)
        return url.path
    }

    /// Whether there is a file.
    func has(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: folder.path(name))
    }

    /// The lines of all files of a folder.
    func lines(in name: String) throws -> [String] {
        let path = folder.path(name)
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        // What files are put together of stands in folders beside them.
        let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        return try names.filter { !$0.hasSuffix(".parts") }.flatMap { file in
            try String(contentsOfFile: "\(path)/\(file)", encoding: .utf8)
                .split(separator: "\n").map(String.init)
        }
    }

    /// The batches of a job, in the order of their events.
    func batches(_ job: String) async throws -> [BatchRecord] {
        try await inventory.batches(BatchSelection(runs: RunSelection(job: job)))
            .sorted { ($0.idStart, $0.id) < ($1.idStart, $1.id) }
    }
}

/// Runs `body` in a world of its own.
func withPipelineWorld(
    _ backend: TestDatabase.Backend = .sqlite,
    environment: [String: String] = [:],
    _ body: (PipelineWorld) async throws -> Void
) async throws {
    try await withTemporaryFolder { folder in
        try await withTestDatabase(backend, isMigrated: true) { database in
            let inventory = try await database.open()
            var world = PipelineWorld(folder: folder, database: database, inventory: inventory)
            world.environment = environment
            do {
                try await body(world)
            } catch {
                await inventory.close()
                throw error
            }
            await inventory.close()
        }
    }
}
