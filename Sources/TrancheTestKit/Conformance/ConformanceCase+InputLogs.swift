import Tranche

extension ConformanceCase {
    private static let source = InputLogSource("orders")
    private static let one = BatchRequest(job: "job", limit: BatchLimit(count: 1))

    private static func event(_ identity: String, key: String? = nil) -> LoggedEvent {
        LoggedEvent(identity: identity, content: #"{"id":"\#(identity)"}"#, key: key)
    }

    /// The logs of inputs.
    static let inputLogs: [ConformanceCase] = [
        ConformanceCase("An event is kept once, under an ascending number") { subject in
            let bench = try await Bench(subject, ids: [])
            let first = try await bench.inventory.append([event("a"), event("b")], to: "orders")
            try requireEqual(first, [.added(1), .added(2)], "new events")
            var other = event("a")
            other.content = "{}"
            let again = try await bench.inventory.append(
                [event("b"), event("c"), other, event("c")],
                to: "orders"
            )
            try requireEqual(
                again,
                [.known(2), .added(3), .differs(1), .known(3)],
                "events that are known"
            )
            let kept = try await bench.store.events(of: "orders", in: 1...9, limit: 9)
            try requireEqual(kept.map(\.number), [1, 2, 3], "the numbers")
            try requireEqual(kept.map(\.event), ["a", "b", "c"].map { event($0) }, "the events")
            let log = try await bench.store.inputLog("orders")
            try requireEqual(log?.name, "orders", "the log")
            try requireEqual([log?.floor, log?.last], [0, 3], "its floor and its last event")
            try requireEqual(log?.createdAt, subject.now, "when it was made")
        },
        ConformanceCase("Events come once to each job that reads a log") { subject in
            let bench = try await Bench(subject, ids: [])
            try requireEqual(try await bench.takeNone(one, from: source), .complete, "no events")
            let events = (1...5).map { event("\($0)") }
            _ = try await bench.inventory.append(events, to: "orders")
            var other = one
            other.job = "other"
            other.limit = BatchLimit(count: 3)
            let single = (1...5).map { [Int64($0)] }
            try requireEqual(try await bench.drain(one, from: source), single, "a job")
            try requireEqual(
                try await bench.drain(other, from: source),
                [[1, 2, 3], [4, 5]],
                "another job"
            )
        },
        ConformanceCase("Events that are kept by several at once are numbered once each") {
            subject in
            let bench = try await Bench(subject, ids: [])
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for writer in 0..<8 {
                    tasks.addTask {
                        for number in 0..<5 {
                            _ = try await bench.inventory.append(
                                [event("\(writer)-\(number)"), event("all-\(number)")],
                                to: "orders"
                            )
                        }
                    }
                }
                try await tasks.waitForAll()
            }
            let kept = try await bench.store.events(of: "orders", in: 1...100, limit: 100)
            try requireEqual(kept.map(\.number), Array(1...45), "the numbers")
            try requireEqual(Set(kept.map(\.event.identity)).count, 45, "the identities")
        },
        ConformanceCase("An event is handed out when it is as old as its source says") { subject in
            let bench = try await Bench(subject, ids: [])
            let late = InputLogSource("orders", delay: .seconds(5))
            _ = try await bench.inventory.append([event("a")], to: "orders")
            subject.clock.advance(by: .seconds(3))
            _ = try await bench.inventory.append([event("b")], to: "orders")
            try requireEqual(try await bench.takeNone(one, from: late), .complete, "too young")
            subject.clock.advance(by: .seconds(2))
            try requireEqual(try await bench.drain(one, from: late), [[1]], "old enough")
            subject.clock.advance(by: .seconds(3))
            try requireEqual(try await bench.drain(one, from: late), [[2]], "the other")
        },
        ConformanceCase("A source that begins behind an event has none from before") { subject in
            let bench = try await Bench(subject, ids: [])
            _ = try await bench.inventory.append([event("a"), event("b")], to: "orders")
            let rest = InputLogSource("orders", after: 2)
            try requireEqual(try await bench.takeNone(one, from: rest), .complete, "at the end")
            _ = try await bench.inventory.append([event("c")], to: "orders")
            try requireEqual(try await bench.drain(one, from: rest), [[3]], "what came later")
            let run = try await bench.inventory.run(RunSelection(job: "job"))
            let report = try await bench.inventory.audit(run.key, from: rest)
            try requireEqual(report.appeared.count, 0, "what an audit finds")
            let recorded = try requireSome(run.source.map { InputLogSource($0) }, "the source")
            try requireEqual(recorded, rest, "the source as it is recorded")
            try await requireRefused(.redefined, "another beginning") {
                _ = try await bench.takeNone(one, from: source)
            }
        },
        ConformanceCase("A log is cleaned up to what a run still needs, but for its last event") {
            subject in
            let bench = try await Bench(subject, ids: [])
            let events = (1...6).map { event("\($0)") }
            _ = try await bench.inventory.append(events, to: "orders")
            let keep = Duration.seconds(3600)
            let unread = try await bench.inventory.clean(input: "orders", keeping: keep)
            try requireEqual(unread.removed, 0, "events that nobody has read")
            let first = try await bench.take(one, from: source)
            let second = try await bench.take(one, from: source)
            try await second.succeed()
            let held = try await bench.inventory.clean(input: "orders", keeping: keep)
            try requireEqual(held.removed, 0, "events behind a batch that is held")
            try await first.fail("no")
            let due = try await bench.inventory.clean(input: "orders", keeping: keep)
            try requireEqual(due.removed, 0, "events behind a batch that is due")
            subject.clock.advance(by: .seconds(60))
            _ = try await bench.drain(one, from: source)
            let done = try await bench.inventory.clean(input: "orders", keeping: keep)
            try requireEqual(done.removed, 5, "events that nobody needs")
            try requireEqual(done.passed, [], "runs that were passed")
            let left = try await bench.store.events(of: "orders", in: 1...9, limit: 9)
            try requireEqual(left.map(\.number), [6], "what stays")
            try requireEqual(try await bench.takeNone(one, from: source), .complete, "the run")
            let key = try await bench.inventory.run(RunSelection(job: "job")).key
            let report = try await bench.inventory.audit(key, from: source)
            try requireEqual(report.vanished.count, 0, "what an audit misses")
        },
        ConformanceCase("What has failed for good is kept for a while, not what is cancelled") {
            subject in
            let bench = try await Bench(subject, ids: [])
            var request = one
            request.policy = RunPolicy(maxAttempts: 1)
            _ = try await bench.inventory.append((1...4).map { event("\($0)") }, to: "orders")
            try await bench.take(request, from: source).succeed()
            let failed = try await bench.take(request, from: source)
            try await failed.fail("no")
            _ = try await bench.drain(request, from: source)
            let keep = Duration.seconds(3600)
            let held = try await bench.inventory.clean(input: "orders", keeping: keep)
            try requireEqual(held.removed, 1, "events before one that has failed")
            try requireEqual(
                try await bench.inventory.retry(BatchSelection(ids: [failed.id])),
                [failed.id],
                "what is retried"
            )
            let again = try await bench.take(request, from: source)
            try requireEqual(try await again.items.map(\.id), [2], "its items")
            try await again.fail("no")
            subject.clock.advance(by: .seconds(4000))
            let old = try await bench.inventory.clean(input: "orders", keeping: keep)
            try requireEqual(old.removed, 2, "events behind one that failed long ago")
            try requireEqual(old.passed, [], "runs that were passed")
            _ = try await bench.inventory.append((5...6).map { event("\($0)") }, to: "orders")
            let key = try await bench.inventory.run(RunSelection(job: "job")).key
            _ = try await bench.inventory.cancel(key)
            var other = one
            other.job = "other"
            _ = try await bench.drain(other, from: source)
            let cancelled = try await bench.inventory.clean(input: "orders", keeping: keep)
            try requireEqual(cancelled.removed, 2, "events that a cancelled run alone has not read")
        },
        ConformanceCase("What was cleaned before it was read is a batch that fails") { subject in
            let bench = try await Bench(subject, ids: [])
            var request = one
            request.policy = RunPolicy(maxAttempts: 1)
            _ = try await bench.inventory.append((1...3).map { event("\($0)") }, to: "orders")
            let held = try await bench.take(request, from: source)
            subject.clock.advance(by: .seconds(50))
            _ = try await bench.inventory.append([event("4")], to: "orders")
            let cleaned = try await bench.inventory.clean(input: "orders", keeping: .seconds(40))
            try requireEqual(cleaned.removed, 3, "events")
            try requireEqual(cleaned.passed.map(\.job), ["job"], "the runs that were passed")
            try await held.succeed()
            let lost = try await bench.take(request, from: source)
            try requireEqual(lost.ids, 2...3, "the batch of what is lost")
            try requireEqual(lost.count, 2, "how many events it stands for")
            try await requireRefused(.invalidItem, "its items") { _ = try await lost.items }
            try await lost.fail("lost")
            try requireEqual(try await bench.drain(request, from: source), [[4]], "what is there")
        },
        ConformanceCase("An identity that lasts is known when its event is cleaned") { subject in
            let bench = try await Bench(subject, ids: [])
            var file = event("file")
            file.isLasting = true
            let events = [file, event("once"), event("last")]
            _ = try await bench.inventory.append(events, to: "orders")
            _ = try await bench.drain(one, from: source)
            let cleaned = try await bench.inventory.clean(input: "orders", keeping: .seconds(60))
            try requireEqual(cleaned.removed, 2, "events")
            try requireEqual(
                try await bench.inventory.append([file, event("once")], to: "orders"),
                [.known(1), .added(4)],
                "the same again"
            )
            let lasting = try await bench.store.lastingIdentities(
                of: "orders",
                after: nil,
                limit: 9
            )
            try requireEqual(lasting, ["file"], "the identities that last")
            try await bench.store.forget(["file", "once"], in: "orders")
            try requireEqual(
                try await bench.inventory.append([file], to: "orders"),
                [.added(5)],
                "one that was forgotten"
            )
            try await bench.store.forget(["file"], in: "orders")
            try requireEqual(
                try await bench.inventory.append([file], to: "orders"),
                [.added(6)],
                "one that was forgotten before it was cleaned"
            )
        },
        ConformanceCase("A digest tells another event under an identity that lasts, while it does")
        {
            subject in
            let bench = try await Bench(subject, ids: [])
            func delivery(_ identity: String, _ digest: String) -> LoggedEvent {
                var event = event(identity, key: LoggedEvent.digestPrefix + digest)
                event.content = #"{"is":"\#(digest)"}"#
                event.isLasting = true
                return event
            }
            let events = [delivery("a", "1"), delivery("b", "1"), event("last")]
            _ = try await bench.inventory.append(events, to: "orders")
            let again = [delivery("a", "1"), delivery("a", "2"), delivery("b", "1")]
            let known: [AppendedEvent] = [.known(1), .differs(1), .known(2)]
            let before = try await bench.inventory.append(again, to: "orders")
            try requireEqual(before, known, "what is told of events that are there")
            _ = try await bench.drain(one, from: source)
            _ = try await bench.inventory.clean(input: "orders", keeping: .seconds(60))
            let after = try await bench.inventory.append(again, to: "orders")
            try requireEqual(after, known, "what is told of events that are cleaned")
            subject.clock.advance(by: .seconds(60))
            _ = try await bench.inventory.append([delivery("c", "3")], to: "orders")
            try await bench.inventory.forgetCleaned(input: "orders", keptFor: .seconds(61))
            let young = try await bench.inventory.append(again, to: "orders")
            try requireEqual(young, known, "what is told while they are young")
            try await bench.inventory.forgetCleaned(input: "orders", keptFor: .seconds(60))
            let old = try await bench.inventory.append(
                [delivery("a", "2"), delivery("c", "3")],
                to: "orders"
            )
            try requireEqual(old, [.added(5), .known(4)], "what is told when they are old")
        },
        ConformanceCase("A bounded run over what was cleaned has a batch of it that fails") {
            subject in
            let bench = try await Bench(subject, ids: [])
            _ = try await bench.inventory.append((1...5).map { event("\($0)") }, to: "orders")
            _ = try await bench.drain(one, from: source)
            _ = try await bench.inventory.clean(input: "orders", keeping: .seconds(60))
            let bounded = BatchRequest(
                job: "job",
                run: "again",
                ids: IDBounds(lower: 2, upper: 3),
                limit: BatchLimit(count: 1)
            )
            let lost = try await bench.take(bounded, from: source)
            try requireEqual(lost.ids, 2...3, "the batch of what is lost")
            try await requireRefused(.invalidItem, "its items") { _ = try await lost.items }
            try await lost.succeed()
            let needs = try await bench.inventory.needs(ofInput: "orders")
            try requireEqual(needs.map(\.key.run), [""], "the runs that still need events")
        },
        ConformanceCase("The last event of each key is found") { subject in
            let bench = try await Bench(subject, ids: [])
            let events = [event("1", key: "a"), event("2", key: "b"), event("3", key: "a")]
            _ = try await bench.inventory.append(events + [event("4")], to: "orders")
            let last = try await bench.store.lastEvents(likeThoseIn: 1...9, of: "orders")
            try requireEqual(last, [1: 3, 2: 2, 3: 3], "the last events")
            let some = try await bench.store.lastEvents(likeThoseIn: 1...1, of: "orders")
            try requireEqual(some, [1: 3], "the last event like the first")
        },
        ConformanceCase("Events that no log could keep are refused, and none is kept") { subject in
            let bench = try await Bench(subject, ids: [])
            let long = String(repeating: "x", count: 1025)
            for bad in [
                event(""), LoggedEvent(identity: "x", content: ""), event(long),
                event("a", key: long), event("a\0"),
            ] {
                try await requireRefused(.invalidArgument, "an event") {
                    _ = try await bench.inventory.append([event("good"), bad], to: "orders")
                }
            }
            try await requireRefused(.invalidArgument, "a name") {
                _ = try await bench.inventory.append([event("a")], to: "")
            }
            let logs = try await bench.inventory.inputLogs()
            try requireEqual(logs.filter { $0.last > 0 }, [], "logs with events")
        },
    ]
}
