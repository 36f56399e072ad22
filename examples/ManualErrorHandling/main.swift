// Ends batches by hand: what fails is tried again, and who comes too late is told so.

import ExampleSupport
import Tranche
import TrancheSQL
import TrancheSQLite

struct BadFile: Error {
    let path: String
}

let folder = try ExampleFolder()
try FileTable(at: folder.path("files.db")).add(sizes: [1, 2, 3, 4])

let inventory = try await Inventory.open(.sqlite(folder.path("inventory.db")))
let files = SQLSource(
    "files",
    uid: "id",
    item: "path",
    weight: "size_in_bytes",
    in: .sqlite(folder.path("files.db"))
)

// Two attempts at most, the second at once. The policy is the run's, from its first request on.
let request = BatchRequest(
    job: "parse",
    limit: .count(2),
    policy: RunPolicy(maxAttempts: 2, backoff: .zero)
)

/// Acquires a batch that must be there.
func nextBatch() async throws -> Batch {
    switch try await inventory.acquire(request, from: files) {
    case .batch(let batch): return batch
    case .noBatch(let reason): throw ExampleFailure(message: "no batch: \(reason)")
    }
}

// A worker that fails: the batch is offered again, before anything new.
let first = try await nextBatch()
do {
    for item in try await first.items where item.id == 2 { throw BadFile(path: item.text) }
    try await first.succeed()
} catch let error as BadFile {
    try await first.fail(error)
}
let again = try await nextBatch()
try require("the batch that is tried again", [again.id, Int64(again.attempt)], is: [first.id, 2])

// A worker that lost its batch cannot write over its successor.
do {
    try await first.succeed()
    throw ExampleFailure(message: "an attempt that has ended was recorded as a success")
} catch let error as TrancheError where error.code == .batchLost {
    print("as it should be: \(error)")
}

// The last attempt fails, too: it stays failed until somebody asks for a retry.
try await again.fail("still a bad file")
let other = try await nextBatch()
try require("the next batch's ids", other.ids, is: 3...4)

// A worker that must stop gives its batch back, which is no failure.
try await other.release()
let taken = try await nextBatch()
try await taken.succeed(result: ["files": taken.count], logging: "all well")
try require("the failures of the batch", try await inventory.batch(taken.id).failures, is: 0)

// Retried, after the file was put right.
let retried = try await inventory.retry(BatchSelection(runs: RunSelection(job: "parse")))
try require("the batches to retry", retried, is: [first.id])
try await nextBatch().succeed()

guard case .noBatch(.complete) = try await inventory.acquire(request, from: files) else {
    throw ExampleFailure(message: "the run is not complete")
}
await inventory.close()
try folder.remove()
