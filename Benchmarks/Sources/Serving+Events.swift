import Foundation
import Tranche

extension Serving {
    private static let listeners = 1000
    private static let listening = Duration.seconds(20)

    /// What the server uses while 1,000 listen and a run changes a hundred times a second, and
    /// whether any of them misses anything.
    func events() async throws {
        try await makeInventory()
        try await serving { program in
            let port = program.port
            let over = Signal()
            let (begun, begin) = AsyncStream<Void>.makeStream()
            let before = try program.use()
            async let heard = BenchThread.run {
                let crowd = try ServingCrowd(port, count: Self.listeners)
                begin.yield()
                try crowd.listen { over.isGiven }
                return (crowd.told, crowd.missed, crowd.stale)
            }
            for await _ in begun { break }
            let start = try program.use()
            let clock = ContinuousClock()
            let began = clock.now
            let changes = try await change(for: Self.listening)
            let elapsed = (clock.now - began).seconds
            let end = try program.use()
            // The last change is told within two ticks of the feed.
            try await clock.sleep(for: .seconds(2))
            over.give()
            let (told, missed, stale) = try await heard
            var line = Line("serve", "events", on: database.kind)
            line.add("listeners", Self.listeners)
            line.add("changes_per_second", Double(changes) / elapsed)
            line.add("told_to_each", told)
            line.add("missed", missed)
            line.add("told_to_read_anew", stale)
            line.add("processor_percent", (end.processor - start.processor) / elapsed * 100)
            line.add("memory_before_mb", before.memory)
            line.add("memory_mb", max(start.memory, end.memory))
            line.print()
        }
    }

    /// Acquires and ends batches, fifty of each a second.
    private func change(for limit: Duration) async throws -> Int {
        let inventory = try await database.inventory()
        let source = database.source(Self.items)
        let clock = ContinuousClock()
        let start = clock.now
        var changes = 0
        while clock.now - start < limit {
            let batch = try await inventory.acquireBatch(
                from: source,
                job: "serving",
                limit: BatchLimit(count: 10)
            )
            try await batch?.succeed()
            changes += 2
            try await clock.sleep(until: start + .milliseconds(10 * changes))
        }
        await inventory.close()
        return changes
    }
}

/// Listeners to the server's events.
private final class ServingCrowd {
    private let connections: ServingConnections
    private var first: [Int?]
    private var last: [Int]
    private var counts: [Int]
    /// How often listeners were told to read all anew.
    private(set) var stale = 0

    init(_ port: UInt16, count: Int) throws {
        connections = try ServingConnections(port, count: count)
        first = Array(repeating: nil, count: count)
        last = Array(repeating: 0, count: count)
        counts = Array(repeating: 0, count: count)
        let request = ServingConnections.request("GET", "/v1/events")
        for place in 0..<count { connections.send(request, on: place) }
        var waiting = Set(0..<count)
        while !waiting.isEmpty {
            let ready = connections.wait(milliseconds: 10_000)
            if ready.isEmpty { throw BenchError("\(waiting.count) listeners are not answered") }
            for place in ready {
                try take(place)
                waiting.remove(place)
            }
        }
    }

    /// Takes what comes until it is over.
    func listen(until isOver: () -> Bool) throws {
        while !isOver() {
            for place in connections.wait(milliseconds: 100) { try take(place) }
        }
    }

    /// The most events that anybody was told.
    var told: Int { counts.max() ?? 0 }

    /// Events that listeners should have been told, and were not: of the numbers from the first
    /// that anybody was told to the last.
    var missed: Int {
        guard let first = first.compactMap({ $0 }).min(), let last = last.max() else { return 0 }
        return counts.reduce(0) { $0 + (last - first + 1 - $1) }
    }

    /// Counts the lines `id: NAME-NUMBER` that have come whole.
    private func take(_ place: Int) throws {
        guard connections.receive(on: place) else {
            throw BenchError("the server cuts a listener off")
        }
        try connections.withInput(on: place) { input in
            var taken = 0
            try input.withUnsafeBytes { bytes in
                while let mark = ServingConnections.find(
                    "id: ",
                    in: .init(rebasing: bytes[taken...])
                ) {
                    let rest = UnsafeRawBufferPointer(rebasing: bytes[(taken + mark)...])
                    guard let end = ServingConnections.find("\n", in: rest) else { return }
                    let event = UnsafeRawBufferPointer(rebasing: rest[..<end])
                    guard let number = ServingConnections.number(in: event, behind: "-") else {
                        throw BenchError("an event has no number")
                    }
                    note(number, on: place)
                    taken += mark + end
                }
                if ServingConnections.find("overview-stale", in: bytes) != nil { stale += 1 }
                // The rest may be the beginning of a mark.
                taken = max(taken, bytes.count - 3)
            }
            input.removeFirst(taken)
        }
    }

    private func note(_ number: Int, on place: Int) {
        // A number that is told again is another word to the same event.
        guard number > last[place] || first[place] == nil else { return }
        if first[place] == nil { first[place] = number }
        last[place] = number
        counts[place] += 1
    }
}
