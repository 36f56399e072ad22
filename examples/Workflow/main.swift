// Describes a run once, works on it, watches it through a handle, and lets a new description take
// over.

import ExampleSupport
import Foundation
import Tranche
import TrancheChains
import TrancheConnectors
import TrancheSQL
import TrancheSQLite
import TrancheWorkflows

let folder = try ExampleFolder()
let file = folder.path("customers.csv")
let rows = (1...1000).map { "\($0),Name \($0)\n" }.joined()
try Data(("Cust No,name\n" + rows).utf8).write(to: URL(filePath: file))
let path = folder.path("shop.db")
let database = ExampleDatabase(at: path)
try database.execute("CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")

let inventory = try await Inventory.open(.sqlite(path))
let connectors = Connectors([FileConnector(), SQLiteConnector(), TableConnector()])
let workflows = Workflows(inventory, connectors)

/// The workflow, in batches of a weight.
func description(weight: String) throws -> Workflow {
    try Workflow(
        json: """
            {
              "job": "load-customers", "source": "csv:\(file)", "weight": "\(weight)",
              "steps": [{"map": {"rename": {"Cust No": "id"}}}],
              "sink": {"at": "table:customer", "key": ["id"]}, "promise": "transactional",
              "stages": {"readers": 1, "writers": 1, "read_ahead": "1MiB"}
            }
            """
    )
}

/// Prints how far the run is.
struct PrintingTracker: Tracker {
    func track(_ moment: TrackerMoment, _ progress: WorkflowProgress) async throws {
        let done = progress.donePercent.map { "\(Int($0)) %" } ?? "unknown"
        print("\(moment.rawValue): \(done) done, \(progress.succeeded.batches) batches")
    }
}

// Kept, and begun: nothing is handed out yet, and any process may find it.
_ = try await workflows.start(description(weight: "1KiB"))
let handle = try await workflows.find(job: "load-customers")
try require("the batches so far", try await handle.progress().succeeded.batches, is: 0)

// Another description is a new generation; who works by the first gets nothing more.
let next = try await workflows.start(description(weight: "2KiB"))
try require("the generation", next.record.generation, is: 2)
let former = try await workflows.work(on: handle)
try require("how the first ends", former.ending == .superseded(by: 2), is: true)

let result = try await workflows.work(
    on: next,
    WorkflowOptions(trackers: [PrintingTracker()])
)
try require("how the second ends", result.ending == .complete, is: true)
try require("the customers", try database.integers("SELECT count(*) FROM customer"), is: [1000])
let snapshot = try await next.snapshot()
try require("whether all is done", snapshot.isDone, is: true)
print("kept as \(try snapshot.write(to: folder.path("snapshots")))")
await inventory.close()
try folder.remove()
