// Processes a range of ids once more, under a name, beside the job's own progress.

import ExampleSupport
import Tranche
import TrancheSQL
import TrancheSQLite

let folder = try ExampleFolder()
try FileTable(at: folder.path("files.db")).add(sizes: Array(1...100))

let inventory = try await Inventory.open(.sqlite(folder.path("inventory.db")))
let files = SQLSource(
    "files",
    uid: "id",
    item: "path",
    weight: "size_in_bytes",
    in: .sqlite(folder.path("files.db"))
)

for try await batch in inventory.batches(from: files, job: "sum", limit: .weight(1000)) {
    try await batch.process { _ in }.get()
}

/// The next batches of the backfill; the same name and bounds at each call.
func backfill() -> Batches<SQLSource> {
    inventory.batches(
        from: files,
        job: "sum",
        run: .backfill("2024-fix", ids: 20...80),
        limit: .weight(500)
    )
}

var redone: [Int64] = []

// Interrupted after its first batch, as by a deployment ...
for try await batch in backfill() {
    try await batch.process { _ in }.get()
    redone += Array(batch.ids)
    break
}
try require("the interrupted backfill has ended", redone.count < 61, is: true)

// ... it goes on where it was.
for try await batch in backfill() {
    try await batch.process { _ in }.get()
    redone += Array(batch.ids)
}
try require("the ids that were redone", redone, is: Array(20...80))

// The incremental run does not notice: nothing is new.
let next = try await inventory.acquireBatch(from: files, job: "sum", limit: .weight(1000))
try require("a new batch", next == nil, is: true)

// One item's record tells of both runs.
let runs = try await inventory.history(of: 42, in: "files").map(\.batch.key.run)
try require("the runs that processed item 42", runs, is: ["", "2024-fix"])
print("ids 20 to 80 were processed twice, all others once")

await inventory.close()
try folder.remove()
