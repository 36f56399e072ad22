import Dispatch
import Foundation
import Glibc
import Tranche
import TrancheConnectors
import TrancheOrchestrator
import TranchePostgreSQL
import TrancheSQL
import TrancheSQLite
import TrancheServer

/// A process that serves, and what it uses.
final class ServingProgram {
    let port: UInt16
    private let process = Process()
    private let input = Pipe()

    /// Starts a program and reads its port: the digits at the end of the first line that it prints.
    init(_ path: String, _ arguments: [String]) throws {
        let output = Pipe()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line = ""
        while !line.contains("\n") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { throw BenchError("\(path) did not start") }
            line += String(decoding: data, as: UTF8.self)
        }
        let digits = line.trimmingCharacters(in: .newlines).split(separator: ":").last ?? ""
        guard let port = UInt16(digits) else { throw BenchError("\(path) says '\(line)'") }
        self.port = port
    }

    /// Serves an inventory: a process of this program.
    convenience init(_ database: BenchDatabase, items: String) throws {
        try self.init(
            CommandLine.arguments[0],
            ["child", "serve", database.kind, database.place, items]
        )
    }

    /// Ends the process: it ends with its input.
    func stop() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// What a process has and has used.
    struct Use {
        /// Memory, in megabytes.
        var memory = 0.0
        /// Processor time, in seconds.
        var processor = 0.0
        var files = 0
    }

    func use() throws -> Use {
        let folder = "/proc/\(process.processIdentifier)"
        let stat = try String(contentsOfFile: folder + "/stat", encoding: .utf8)
        // Behind the name, which may have anything in it.
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 21, let user = Double(fields[11]), let system = Double(fields[12]),
            let pages = Double(fields[21])
        else { throw BenchError("\(folder)/stat has another form") }
        let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/fd")
        return Use(
            memory: pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1e6,
            processor: (user + system) / Double(sysconf(Int32(_SC_CLK_TCK))),
            files: files.count
        )
    }
}

extension Child {
    /// Serves the inventory of a database, over a job `serving` of a table of items, until standard
    /// input ends.
    static func serve(_ database: BenchDatabase, items: String) async throws {
        let connectors = Connectors([
            InventoryConnector(), SQLiteConnector(), PostgreSQLConnector(), TableConnector(),
        ])
        let inventory = try await database.inventory()
        var configuration = InventoryServer.Configuration(try ListenAddress("127.0.0.1:0"))
        configuration.openRoles = [.look, .work, .operate]
        let server = InventoryServer(
            inventory,
            configuration: configuration,
            jobs: try jobs(of: items, connectors)
        ) {
            { run, inventory in
                try await connectors.source(of: run, in: inventory, ConnectorContext())
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.run { address in
                    print(address)
                    fflush(nil)
                }
            }
            group.addTask { await untilInputEnds() }
            try await group.next()
            group.cancelAll()
        }
        await inventory.close()
    }

    private static func jobs(of items: String, _ connectors: Connectors) throws -> ServedJobs {
        let text = """
            jobs:
              serving:
                source: {at: \(items), uid: id, item: item, weight_column: weight}
                weight: 100
                handler: rest
                policy: {lease: 60s}
            """
        var types = PipelineTypes.standard(connectors)
        types.processes = [:]
        let pipeline = try Pipeline(text: text, file: "serving.yaml", types: types)
        return try ServedJobs(pipeline, connectors: connectors, context: ConnectorContext())
    }

    /// Waits on a thread of its own until standard input ends.
    static func untilInputEnds() async {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "bench.input").async {
                _ = FileHandle.standardInput.readDataToEndOfFile()
                continuation.resume()
            }
        }
    }
}
