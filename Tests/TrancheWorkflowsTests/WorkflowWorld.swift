import Foundation
import TestSupport
import Tranche
import TrancheChains
import TrancheConnectors
import TrancheSQL
import TrancheSQLite
import TrancheWorkflows

/// A file of twelve rows of 8 bytes, and an inventory of its own.
struct WorkflowWorld {
    let folder: TemporaryFolder
    let database: TestDatabase
    let inventory: Inventory
    let workflows: Workflows

    /// The description of a workflow over the file, in batches of two rows, unless another weight
    /// is given.
    func json(_ work: String, _ more: String = "", weight: Int = 16) -> String {
        let source = #""job":"load","source":"csv:\#(folder.path("rows.csv"))""#
        return "{\(source),\"weight\":\(weight),\(work)\(more)}"
    }

    /// A workflow that a handler of this name works on.
    func workflow(
        handler name: String,
        _ more: String = "",
        weight: Int = 16
    ) throws -> Workflow {
        try Workflow(json: json(#""handler":"\#(name)""#, more, weight: weight))
    }

    /// A workflow into a file of JSON Lines.
    func workflow(_ more: String = "", into file: String = "out.jsonl") throws -> Workflow {
        try Workflow(json: json(#""sink":"jsonl:\#(folder.path(file))""#, more))
    }

    /// The lines of a file.
    func lines(_ name: String) throws -> [String] {
        try String(contentsOfFile: folder.path(name), encoding: .utf8)
            .split(separator: "\n").map(String.init)
    }
}

/// Runs `body` in a world of its own.
func withWorkflowWorld(
    _ backend: TestDatabase.Backend = .sqlite,
    _ body: (WorkflowWorld) async throws -> Void
) async throws {
    try await withTemporaryFolder { folder in
        try await withTestDatabase(backend, isMigrated: true) { database in
            let inventory = try await database.open()
            let rows = (10..<22).map { "\($0),row-\n" }.joined()
            try Data(("id,name\n" + rows).utf8).write(to: URL(filePath: folder.path("rows.csv")))
            let connectors = Connectors([
                InventoryConnector(), FileConnector(), SQLiteConnector(), TableConnector(),
            ])
            let world = WorkflowWorld(
                folder: folder,
                database: database,
                inventory: inventory,
                workflows: Workflows(inventory, connectors)
            )
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
