import Tranche

/// The server, asked over connections that stay, beside the same in process or done by a minimum.
struct Serving {
    let database: BenchDatabase
    let options: Benchmark.Options

    /// What is measured; `--part` names one.
    enum Part: String, CaseIterable {
        case look, bare, work, events, floods
    }

    /// Items of the job `serving`.
    static let rows = 3_000_000
    static let items = "items_\(rows)"

    init(_ database: BenchDatabase, _ options: Benchmark.Options) {
        self.database = database
        self.options = options
    }

    func run() async throws {
        try await database.makeItems(Self.items, rows: Self.rows)
        for part in Part.allCases where options.part.map({ $0 == part }) ?? true {
            switch part {
            case .look: try await look()
            case .bare: try await bare()
            case .work: try await work()
            case .events: try await events()
            case .floods: try await floods()
            }
        }
        try await database.dropInventory("inventory")
    }

    /// Serves the inventory until the body is over, in a process of its own.
    func serving<R>(_ body: (ServingProgram) async throws -> R) async throws -> R {
        let program = try ServingProgram(database, items: Self.items)
        defer { program.stop() }
        return try await body(program)
    }

    /// Makes the inventory anew, without a run.
    func makeInventory() async throws {
        try await database.dropInventory("inventory")
        await (try database.inventory()).close()
    }
}
