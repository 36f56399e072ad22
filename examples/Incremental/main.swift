// Processes a table in weighted batches, and later only what is new in it.

import ExampleSupport
import Tranche
import TrancheSQL
import TrancheSQLite

let folder = try ExampleFolder()
let table = try FileTable(at: folder.path("files.db"))
try table.add(sizes: [20, 30, 10, 90, 5])

let inventory = try await Inventory.open(.sqlite(folder.path("inventory.db")))
let files = SQLSource(
    "files",
    uid: "id",
    item: "path",
    weight: "size_in_bytes",
    in: .sqlite(folder.path("files.db"))
)

/// Processes what is ready, and returns the ids of each batch.
func processNewFiles() async throws -> [ClosedRange<Int64>] {
    var processed: [ClosedRange<Int64>] = []
    for try await batch in inventory.batches(from: files, job: "sum", limit: .weight(64)) {
        // What the closure returns is kept as the batch's result.
        try await batch.process { items in ["bytes": items.reduce(0) { $0 + $1.weight }] }.get()
        print("batch \(batch.id): ids \(batch.ids), weight \(batch.weight)")
        processed.append(batch.ids)
    }
    return processed
}

// 20 + 30 + 10 fit into 64; 90 is heavier than the limit, and a batch by itself.
try require("the first batches", try await processNewFiles(), is: [1...3, 4...4, 5...5])

try table.add(sizes: [1, 2])
try require("the batches of what is new", try await processNewFiles(), is: [6...7])
try require("the batches when nothing is new", try await processNewFiles(), is: [])

await inventory.close()
try folder.remove()
