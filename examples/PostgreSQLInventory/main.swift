// Keeps the inventory in PostgreSQL, over items that are listed in a SQLite file.
// TRANCHE_INVENTORY names the database: postgresql://user@host/database

import ExampleSupport
import Foundation
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheSQLite

let location = ProcessInfo.processInfo.environment["TRANCHE_INVENTORY"]
guard let url = location, url.hasPrefix("postgres") else {
    let message = "set TRANCHE_INVENTORY to a URL such as postgresql://user@host/database\n"
    FileHandle.standardError.write(Data(message.utf8))
    exit(64)
}

let folder = try ExampleFolder()
try FileTable(at: folder.path("files.db")).add(sizes: Array(1...20))

let inventory = try await Inventory.open(.postgres(url))
let files = SQLSource(
    "files",
    uid: "id",
    item: "path",
    weight: "size_in_bytes",
    in: .sqlite(folder.path("files.db"))
)

// The inventory stays, and a known job is refused another file: each run of this has its own job.
let job = "sum-\(UUID().uuidString.prefix(8))"
var processed: [Int64] = []
for try await batch in inventory.batches(from: files, job: job, limit: .weight(64)) {
    try await batch.process { items in ["bytes": items.reduce(0) { $0 + $1.weight }] }.get()
    processed += Array(batch.ids)
}
try require("the ids", processed, is: Array(1...20))

let summaries = try await inventory.summaries(RunSelection(job: job))
try require("the items that succeeded", summaries.first?.totals[.succeeded]?.items, is: 20)
print("20 items in \(inventory.store.name), job '\(job)'")

await inventory.close()
try folder.remove()
