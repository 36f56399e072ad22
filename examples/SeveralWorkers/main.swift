// Lets workers share a run. Here they are tasks; processes on other machines do the same.

import ExampleSupport
import Tranche
import TrancheSQL
import TrancheSQLite

let folder = try ExampleFolder()
try FileTable(at: folder.path("files.db")).add(sizes: (1...1000).map { $0 % 50 })

let files = SQLSource(
    "files",
    uid: "id",
    item: "path",
    weight: "size_in_bytes",
    in: .sqlite(folder.path("files.db"))
)

/// Works until the run is complete, and returns the ids it had.
@Sendable func work(
    _ name: String,
    inventoryAt path: String,
    from files: SQLSource
) async throws -> [Int64] {
    // Each has its own connections, as a process of its own would.
    let inventory = try await Inventory.open(.sqlite(path))
    let request = BatchRequest(job: "sum", limit: .weight(500), worker: name)
    var ids: [Int64] = []
    for try await batch in inventory.batches(request, from: files, end: .whenComplete) {
        try await batch.process { items in ["items": items.count] }.get()
        ids += try await batch.items.map(\.id)
    }
    await inventory.close()
    print("\(name): \(ids.count) items")
    return ids
}

let path = folder.path("inventory.db")
let processed = try await withThrowingTaskGroup(of: [Int64].self) { group in
    for number in 1...4 {
        group.addTask { try await work("worker \(number)", inventoryAt: path, from: files) }
    }
    var all: [Int64] = []
    for try await ids in group { all += ids }
    return all
}

// Nothing twice, nothing left out.
try require("the ids of all workers", processed.sorted(), is: Array(1...1000))
try folder.remove()
