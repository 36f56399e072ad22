// Runs a process of its own on the events of an input of its own; each event is kept once.

import ExampleSupport
import Tranche
import TrancheOrchestrator
import TrancheSQLite

/// Gives a reading of each sensor.
struct Readings: Input {
    let name = "readings"
    let values: [String: Double]

    func gather(_ log: InputLog) async throws {
        for (sensor, value) in values.sorted(by: { $0.key < $1.key }) {
            let event = Event(
                location: "sensors",
                operation: .create,
                id: sensor,
                payload: #"{"value":\#(value)}"#
            )
            // The same reading again is no other event.
            try await log.append(event, identity: "\(sensor) \(value)")
        }
    }
}

/// Counts the events of a batch; the number is the batch's result.
struct Count: EventProcess {
    let name = "count"

    func run(_ events: EventBatch) async throws -> ProcessResult {
        ProcessResult(result: #"{"readings":\#(events.events.count)}"#)
    }
}

let folder = try ExampleFolder()
let inventory = try await Inventory.open(.sqlite(folder.path("inventory.db")))

/// Works on what there is, and returns how many batches the link has had.
func work(on values: [String: Double]) async throws -> Int {
    let orchestrator = Orchestrator(inventory)
    try orchestrator.add(Readings(values: values))
    try orchestrator.add(Count())
    try orchestrator.link(Link(from: "readings", to: "count", limit: .count(10)))
    try await orchestrator.drain()
    return try await inventory.batches(BatchSelection()).count
}

try require("the batches", try await work(on: ["a": 1.5, "b": 2]), is: 1)
try require("the batches when nothing is new", try await work(on: ["a": 1.5, "b": 2]), is: 1)
try require("the batches of a new reading", try await work(on: ["a": 1.6, "b": 2]), is: 2)

await inventory.close()
try folder.remove()
