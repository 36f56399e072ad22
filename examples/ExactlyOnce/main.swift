// Adds up totals in the transaction that records the success: each batch counts exactly once.

import ExampleSupport
import Foundation
import Synchronization
import Tranche
import TrancheSQL
import TrancheSQLite

let folder = try ExampleFolder()
let path = folder.path("app.db")
try FileTable(at: path).add(sizes: [20, 30, 10, 90, 5])

// Adding up is not repeatable: a batch that is written twice counts twice.
let database = ExampleDatabase(at: path)
try database.execute("CREATE TABLE total (files INTEGER NOT NULL, bytes INTEGER NOT NULL)")
try database.execute("INSERT INTO total VALUES (0, 0)")

/// The totals as they are.
func totals() throws -> [Int] {
    try database.integers("SELECT files, bytes FROM total")
}

// The inventory is in the same file. Its clock is the example's, so that nobody waits for a lease
// to end.
let now = Mutex(Date(timeIntervalSince1970: 0))
var configuration = Inventory.Configuration()
configuration.store.now = { now.withLock { $0 } }
let inventory = try await Inventory.open(.sqlite(path), configuration: configuration)
let files = SQLSource("files", uid: "id", item: "path", weight: "size_in_bytes")

// Asked for before any work; a database that is not the inventory's is refused here, with the
// reason.
try await inventory.require(.transactional, of: SQLDatabaseSink(in: .sqlite(path)))
let elsewhere = folder.path("other.db")
try FileTable(at: elsewhere).add(sizes: [1])
do {
    try await inventory.require(.transactional, of: SQLDatabaseSink(in: .sqlite(elsewhere)))
    throw ExampleFailure(message: "another database was taken for the inventory's")
} catch let error as TrancheError where error.code == .promiseNotKept {
    print("as it should be: \(error)")
}

/// Acquires a batch that must be there.
func nextBatch(token: String? = nil) async throws -> Batch {
    let request = BatchRequest(job: "total", limit: .weight(64), token: token)
    switch try await inventory.acquire(request, from: files) {
    case .batch(let batch): return batch
    case .noBatch(let reason): throw ExampleFailure(message: "no batch: \(reason)")
    }
}

/// Adds a batch to the totals and records its success, together or not at all.
func finish(_ batch: Batch) async throws {
    try await batch.succeed { transaction in
        try await transaction.run(
            "UPDATE total SET files = files + $1, bytes = bytes + $2",
            [.integer(Int64(batch.count)), .integer(Int64(batch.weight))]
        )
    }
}

// A worker that dies after its success was committed, and before it knew, asks for the same again.
// It is handed the batch a second time, and writes nothing: what counts is recorded.
let first = try await nextBatch(token: "monday")
try await finish(first)
try require("the totals", try totals(), is: [3, 60])
let again = try await nextBatch(token: "monday")
try require("the batch that is asked for again", again.id, is: first.id)
try await finish(again)
try require("the totals after a repeated success", try totals(), is: [3, 60])

// What throws on the way leaves nothing behind; the batch is still held.
let second = try await nextBatch()
do {
    try await second.succeed { transaction in
        try await transaction.run("UPDATE total SET files = files + 1000")
        throw ExampleFailure(message: "the disk is full")
    }
} catch is ExampleFailure {
    try require("the totals after an error", try totals(), is: [3, 60])
}

// Its worker stalls for longer than its lease, and the batch is handed to somebody else. When it
// wakes, its writes go with the success that is refused.
now.withLock { $0.addTimeInterval(120) }
let successor = try await nextBatch()
try require(
    "the batch after its lease",
    [successor.id, Int64(successor.attempt)],
    is: [second.id, 2]
)
try await finish(successor)
do {
    try await finish(second)
    throw ExampleFailure(message: "an attempt that had ended was written")
} catch let error as TrancheError where error.code == .batchLost {
    print("as it should be: \(error)")
}
try require("the totals after a late worker", try totals(), is: [4, 150])

try await finish(try await nextBatch())
try require("the totals of all files", try totals(), is: [5, 155])

await inventory.close()
try folder.remove()
