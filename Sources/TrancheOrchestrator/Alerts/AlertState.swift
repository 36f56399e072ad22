import FoundationEssentials
import Glibc
import Tranche

/// What is known of a condition, what was told of it, and what is to be told; it is kept as JSON.
struct AlertState: Codable, Sendable, Hashable {
    /// When the condition began; `nil` while it does not hold.
    var since: Date?
    /// Whether its beginning was reported.
    var isTold = false
    /// When it was reported last.
    var toldAt: Date?
    /// The message to send.
    var pending: Event?
    /// How often that was tried in vain.
    var attempts = 0
    /// When it may be tried; while somebody tells it, when that is taken to have failed.
    var nextAt: Date?
    /// What had come by when, as far as it is not done.
    var marks: [Mark]?
    /// The target of the last message, for when the alert is gone from the file.
    var target: Target?
    /// When the process was last seen that alone knows of the condition; `nil` for one that any
    /// process sees.
    var seenAt: Date?

    /// A message about a condition.
    enum Event: String, Codable, Sendable {
        /// It has begun.
        case began
        /// It lasts.
        case again
        /// It is over.
        case over
    }

    /// A target of messages, as it is kept: where its place stands, never the place itself.
    struct Target: Codable, Sendable, Hashable {
        var env: String?
        var file: String?
        var program: [String]?
    }

    /// That items up to an id were there at a time.
    struct Mark: Codable, Sendable, Hashable {
        var id: Int64
        var at: Date
    }

    /// How long a sender has for it.
    static let patience: TimeInterval = 120
    /// How long after it was last seen a process is taken to be gone.
    static let absence: TimeInterval = 300
    /// The longest wait between tries.
    static let longestWait: TimeInterval = 900
    /// Most marks.
    private static let mostMarks = 50

    /// Takes in how the condition is now.
    ///
    /// - Parameters:
    ///   - isOn: Whether it holds.
    ///   - now: The inventory's time.
    ///   - again: The time after which it is reported again while it lasts.
    mutating func observe(_ isOn: Bool, at now: Date, again: Duration) {
        guard isOn else {
            // Of what nobody was told, nobody is told that it is over.
            if pending != .over { set(isTold ? .over : nil) }
            if pending == nil { since = nil }
            return
        }
        if since == nil { since = now }
        if !isTold {
            if pending != .began { set(.began) }
        } else if pending == .over {
            set(nil)
        } else if pending == nil, let toldAt, toldAt.addingTimeInterval(again.seconds) <= now {
            set(.again)
        }
    }

    private mutating func set(_ event: Event?) {
        pending = event
        attempts = 0
        nextAt = nil
    }

    /// Takes in that the process which knows of the condition is there.
    mutating func see(at now: Date) {
        guard since != nil else {
            seenAt = nil
            return
        }
        // Not at each look: a look that changes nothing writes nothing.
        if let seenAt, now < seenAt.addingTimeInterval(Self.absence / 5) { return }
        seenAt = now
    }

    /// Whether the process that alone knows of the condition may still be there.
    func isAttended(at now: Date) -> Bool {
        seenAt.map { now < $0.addingTimeInterval(Self.absence) } ?? false
    }

    /// Claims the message to send, for some time.
    ///
    /// - Parameter now: The inventory's time.
    /// - Returns: The message; `nil` where there is none to send now.
    mutating func claim(at now: Date) -> Event? {
        guard let pending, nextAt ?? now <= now else { return nil }
        nextAt = now.addingTimeInterval(Self.patience)
        return pending
    }

    /// Records that it was sent.
    mutating func told(_ event: Event, at now: Date) {
        isTold = event != .over
        toldAt = now
        if event == .over { since = nil }
        set(nil)
    }

    /// Records that it could not be sent.
    mutating func failed(at now: Date) {
        attempts += 1
        let wait = 15 * pow(2, Double(min(attempts, 10)))
        nextAt = now.addingTimeInterval(min(wait, Self.longestWait))
    }

    /// For how long something has been there that is not done, to a tenth of what matters.
    ///
    /// - Parameters:
    ///   - done: The id up to which all is done.
    ///   - highest: The highest id that there is.
    ///   - bound: What is too long.
    ///   - now: The inventory's time.
    /// - Returns: For how long, as far as somebody has looked.
    mutating func lag(
        done: Int64,
        highest: Int64,
        bound: Duration,
        at now: Date
    ) -> Duration {
        var marks = highest > done ? (self.marks ?? []).filter { $0.id > done } : []
        let isFar = marks.last.map { $0.at.addingTimeInterval(bound.seconds / 10) <= now } ?? true
        if highest > done, highest > marks.last?.id ?? .min, isFar, marks.count < Self.mostMarks {
            marks.append(Mark(id: highest, at: now))
        }
        self.marks = marks.isEmpty ? nil : marks
        return .seconds(max(marks.first.map { now.timeIntervalSince($0.at) } ?? 0, 0))
    }
}

extension PipelineAlert.Target {
    /// The target as it is kept.
    var kept: AlertState.Target {
        switch self {
        case .webhook(.variable(let name)): AlertState.Target(env: name)
        case .webhook(.file(let path)): AlertState.Target(file: path)
        // A file of a pipeline has no address of a webhook in itself.
        case .webhook(.text): AlertState.Target()
        case .program(let words): AlertState.Target(program: words)
        }
    }

    /// The target that was kept; `nil` where none was.
    init?(_ kept: AlertState.Target) {
        if let name = kept.env {
            self = .webhook(.variable(name))
        } else if let path = kept.file {
            self = .webhook(.file(path))
        } else if let words = kept.program {
            self = .program(words)
        } else {
            return nil
        }
    }
}
