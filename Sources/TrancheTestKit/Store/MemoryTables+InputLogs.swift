import Foundation
import Tranche

extension MemoryTables {
    /// The events that an input gave.
    struct InputLog {
        var createdAt: Date
        var floor: Int64 = 0
        /// In the order of their numbers.
        var events: [EventRecord] = []
        /// What is cleaned, and known all the same, with its number.
        var lasting: [[UInt8]: Lasting] = [:]

        struct Lasting {
            var record: EventRecord
            /// What stays of its content.
            var digest: String?

            var identity: String { record.event.identity }
        }

        func record(_ name: String) -> InputLogRecord {
            InputLogRecord(
                name: name,
                floor: floor,
                last: events.last?.number ?? 0,
                createdAt: createdAt
            )
        }
    }

    /// Keeps events, once each.
    mutating func append(
        _ events: [LoggedEvent],
        to name: String,
        now: Date
    ) -> [AppendedEvent]? {
        guard var log = inputLogs[name] else { return nil }
        let answers = events.map { event -> AppendedEvent in
            if let known = log.events.first(where: {
                $0.event.identity.isSameBytes(as: event.identity)
            }) {
                return known.event.content.isSameBytes(as: event.content)
                    ? .known(known.number) : .differs(known.number)
            }
            if let known = log.lasting[Array(event.identity.utf8)] {
                let isSame = known.digest == nil || known.digest == event.key
                return isSame ? .known(known.record.number) : .differs(known.record.number)
            }
            let number = (log.events.last?.number ?? 0) + 1
            log.events.append(EventRecord(number: number, event: event, loggedAt: now))
            return .added(number)
        }
        inputLogs[name] = log
        return answers
    }

    /// How far each run that reads a log is done with it.
    func needs(ofSource metaTable: String, above floor: Int64, now: Date) -> [InputLogNeed] {
        runs.filter { $0.key.metaTable == metaTable }.compactMap { run in
            let open = rows.filter {
                $0.batch.key == run.key
                    && ($0.batch.isOpen || $0.batch.hasFailed && $0.batch.idEnd > floor)
            }
            let late = gaps(of: run.key).filter { gap in
                gap.isOpen || gap.range.upperBound > floor && gap.nextLook <= now
            }
            let starts = open.map(\.batch.idStart) + late.map(\.range.lowerBound)
            return InputLogNeed(of: run, lowestOpen: starts.min())
        }
    }

    /// Cleans a log; the last event stays.
    mutating func clean(_ name: String, through floor: Int64, limit: Int) -> Int {
        guard var log = inputLogs[name] else { return 0 }
        log.floor = max(log.floor, floor)
        let going = log.events.dropLast().prefix { $0.number <= floor }.prefix(limit).count
        for event in log.events.prefix(going) where event.event.isLasting {
            let key = event.event.key
            log.lasting[Array(event.event.identity.utf8)] = InputLog.Lasting(
                record: event,
                digest: key?.hasPrefix(LoggedEvent.digestPrefix) == true ? key : nil
            )
        }
        log.events.removeFirst(going)
        inputLogs[name] = log
        return going
    }

    /// Lists identities that last.
    func lastingIdentities(of name: String, after mark: String?, limit: Int) -> [String] {
        guard let log = inputLogs[name] else { return [] }
        let kept = log.events.filter(\.event.isLasting).map(\.event.identity)
        let all = (kept + log.lasting.values.map(\.identity)).sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        return Array(
            all.filter { identity in
                mark.map { $0.utf8.lexicographicallyPrecedes(identity.utf8) } ?? true
            }.prefix(limit)
        )
    }

    /// Forgets identities of what was cleaned, and kept long ago.
    mutating func forgetCleaned(in name: String, before bound: Int64, limit: Int) -> Int {
        guard var log = inputLogs[name] else { return 0 }
        let oldest = log.lasting.values.sorted { $0.record.number < $1.record.number }
        let going = oldest.prefix(limit).filter { $0.record.loggedAt.milliseconds <= bound }
        for lasting in going { log.lasting[Array(lasting.identity.utf8)] = nil }
        inputLogs[name] = log
        return going.count
    }

    /// Lets identities last no longer.
    mutating func forget(_ identities: [String], in name: String) {
        guard var log = inputLogs[name] else { return }
        for identity in identities {
            log.lasting[Array(identity.utf8)] = nil
            for place in log.events.indices {
                let event = log.events[place].event
                guard event.isLasting, event.identity.isSameBytes(as: identity) else { continue }
                log.events[place].event.isLasting = false
                log.events[place].event.identity += "~\(log.events[place].number)"
            }
        }
        inputLogs[name] = log
    }
}

extension BatchRecord {
    /// Whether it is held, or will be handed out again by itself.
    fileprivate var isOpen: Bool {
        status == .running || status == .released || retryAt != nil || cause == .stuck
    }

    /// Whether somebody may have it handed out again.
    fileprivate var hasFailed: Bool { status == .failed || status == .quarantined }
}
