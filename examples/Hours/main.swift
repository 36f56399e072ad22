// Sums per hour of a local clock: batches never hold two hours, and what comes late comes with its
// hour.

import ExampleSupport
import Foundation
import Tranche
import TrancheSQL
import TrancheSQLite

let folder = try ExampleFolder()
// In the night in which clocks in Berlin are put back: two of these hours read 02:00.
try ExampleDatabase(at: folder.path("readings.db")).execute(
    """
    CREATE TABLE readings (id INTEGER PRIMARY KEY, at TEXT, value INTEGER);
    CREATE INDEX readings_at ON readings (at);
    INSERT INTO readings VALUES
        (1, '2026-10-24 23:30:00', 5), (2, '2026-10-25 00:10:00', 7),
        (3, '2026-10-25 00:50:00', 1), (5, '2026-10-25 01:20:00', 4),
        (6, '2026-10-25 02:05:00', 9);
    """
)

let inventory = try await Inventory.open(.sqlite(folder.path("inventory.db")))

/// The readings by hours of Berlin, from one moment until before another one, or all.
func readings(from: Date? = nil, to: Date? = nil) -> SQLSource {
    SQLSource(
        "readings",
        uid: "id",
        item: "value",
        time: SourceTime(
            "at",
            reading: .utc,
            by: .hour,
            zone: "Europe/Berlin",
            from: from,
            to: to
        ),
        in: .sqlite(folder.path("readings.db"))
    )
}

var sums: [Date?: Int64] = [:]

/// Adds up the items of a batch, and says of which hour they are.
func sum(_ batch: Batch) async throws -> (hour: Date?, total: Int64) {
    let total = try await batch.items.reduce(0) { $0 + ($1.item.integer ?? 0) }
    try await batch.succeed()
    return (batch.interval?.from, total)
}

for try await batch in inventory.batches(from: readings(), job: "sum") {
    let (hour, total) = try await sum(batch)
    sums[hour, default: 0] += total
}

/// An hour from 2026-10-24 23:00 UTC on.
func hour(_ number: Double) -> Date {
    Date(timeIntervalSince1970: 1_792_882_800 + number * 3600)
}

try require("the sums", sums, is: [hour(0): 5, hour(1): 8, hour(2): 4, hour(3): 9])

// Two hours once more, under a name; the run keeps its times.
sums = [:]
let again = inventory.batches(
    from: readings(from: hour(1), to: hour(3)),
    job: "sum",
    run: .backfill("again")
)
for try await batch in again {
    let (hour, total) = try await sum(batch)
    sums[hour, default: 0] += total
}
try require("the sums of two hours", sums, is: [hour(1): 8, hour(2): 4])
print("four hours were summed, two of them twice")

await inventory.close()
try folder.remove()
