import Foundation
import Testing
import TrancheOrchestrator
import TrancheTestKit

@Suite("Schedules against an oracle")
struct CronOracleTests {
    /// Zones with a moment near which their clocks change.
    private static let changes: [(zone: String, near: String)] = [
        ("Europe/Berlin", "2026-03-29"), ("Europe/Berlin", "2026-10-25"),
        ("America/New_York", "2026-03-08"), ("America/New_York", "2026-11-01"),
        ("Australia/Lord_Howe", "2026-04-05"), ("Australia/Lord_Howe", "2026-10-04"),
        ("Asia/Kathmandu", "2026-12-31"), ("UTC", "2028-02-29"), ("Pacific/Apia", "2011-12-30"),
        ("America/Sao_Paulo", "2018-11-04"), ("Africa/Casablanca", "2026-02-15"),
    ]

    @Test("Each minute agrees with clocks that are read minute by minute")
    func minutes() throws {
        let environment = ProcessInfo.processInfo.environment
        let seed = environment["TRANCHE_TEST_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...9999)
        let rounds = environment["TRANCHE_TEST_SEEDS"].flatMap { Int($0) } ?? 3
        print("CronOracleTests: TRANCHE_TEST_SEED=\(seed)")
        var random = SplitMix64(seed: seed)
        for change in Self.changes {
            let zone = try #require(TimeZone(identifier: change.zone))
            let middle = try Date("\(change.near)T00:00:00Z", strategy: .iso8601)
            let oracle = Oracle(zone: zone, from: middle - 3 * 86_400, through: middle + 3 * 86_400)
            for _ in 0..<rounds * 10 {
                let rule = Rule(&random)
                let found = try CronSchedule(rule.text, zone: change.zone)
                    .times(from: oracle.from, through: oracle.through, limit: 10_000)
                #expect(
                    found == oracle.times(rule),
                    "seed \(seed): \(rule.text) in \(change.zone) near \(change.near)"
                )
            }
        }
    }

    /// A random schedule, as text and as the numbers that it names.
    private struct Rule {
        var text = ""
        var sets: [Set<Int>] = []
        var stars: [Bool] = []

        init(_ random: inout SplitMix64) {
            let bounds = [0...59, 0...23, 1...31, 1...12, 0...7]
            var texts: [String] = []
            for (index, bound) in bounds.enumerated() {
                // Months are mostly free, so that something comes within the days looked at.
                let isFree = Int.random(in: 0..<10, using: &random) < [2, 4, 5, 9, 5][index]
                let (text, set) = isFree ? ("*", Set(bound)) : Self.field(bound, &random)
                texts.append(text)
                sets.append(index == 4 ? Set(set.map { $0 % 7 }) : set)
                stars.append(isFree)
            }
            // A day that no month lacks, so that it comes.
            if !stars[2] {
                texts[2] += ",1"
                sets[2].insert(1)
            }
            text = texts.joined(separator: " ")
        }

        private static func field(
            _ bound: ClosedRange<Int>,
            _ random: inout SplitMix64
        ) -> (String, Set<Int>) {
            var texts: [String] = []
            var set: Set<Int> = []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let first = Int.random(in: bound, using: &random)
                let last = Int.random(in: first...bound.upperBound, using: &random)
                let step = Int.random(in: 1...5, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0:
                    texts.append("\(first)")
                    set.insert(first)
                case 1 where !(first > 0 && last == 0):
                    texts.append("\(first)-\(last)")
                    set.formUnion(first...last)
                default:
                    texts.append("\(first)-\(last)/\(step)")
                    set.formUnion(stride(from: first, through: last, by: step))
                }
            }
            return (texts.joined(separator: ","), set)
        }

        func fits(_ parts: Oracle.Parts) -> Bool {
            guard sets[0].contains(parts.minute), sets[1].contains(parts.hour),
                sets[3].contains(parts.month)
            else { return false }
            let (day, weekday) = (sets[2].contains(parts.day), sets[4].contains(parts.weekday))
            return stars[2] || stars[4] ? day && weekday : day || weekday
        }
    }

    /// What clocks show in each minute of a span.
    private struct Oracle {
        let from: Date
        let through: Date
        private var steps: [(time: Date, shown: [Parts])] = []

        struct Parts {
            var minute: Int
            var hour: Int
            var day: Int
            var month: Int
            var weekday: Int
        }

        init(zone: TimeZone, from: Date, through: Date) {
            self.from = from
            self.through = through
            var calendar = Calendar(identifier: .gregorian)
            calendar.timeZone = .gmt
            var days: [Int: DateComponents] = [:]
            func parts(_ local: Int) -> Parts {
                let day = local / 1440
                let date =
                    days[day]
                    ?? calendar.dateComponents(
                        [.day, .month, .weekday],
                        from: Date(timeIntervalSince1970: Double(day) * 86_400)
                    )
                days[day] = date
                return Parts(
                    minute: local % 60,
                    hour: local % 1440 / 60,
                    day: date.day ?? 0,
                    month: date.month ?? 0,
                    weekday: (date.weekday ?? 0) - 1
                )
            }
            var seen: Set<Int> = []
            var last: Int?
            // Two days before, so that what was shown already is known.
            var time = from - 2 * 86_400
            while time <= through {
                let seconds = Int(time.timeIntervalSince1970) + zone.secondsFromGMT(for: time)
                let local = seconds / 60
                // What the clock shows now, and what it has skipped to come here.
                let start = last.map { $0 < local ? $0 + 1 : local } ?? local
                let new = (start...local).filter { seen.insert($0).inserted }
                if time >= from { steps.append((time, new.map(parts))) }
                last = local
                time += 60
            }
        }

        func times(_ rule: Rule) -> [Date] {
            steps.filter { $0.shown.contains(where: rule.fits) }.map(\.time)
        }
    }
}
