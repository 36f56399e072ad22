import FoundationEssentials

/// What the workers of a group do next, as a value: an event goes in, what is to be done comes out.
///
/// A worker is `free` when it has nothing in hand. It then works on a batch that it holds ahead,
/// asks for one, waits, or ends. How many batches may still be acquired is counted when they are
/// asked for, so that workers that ask at once do not get more.
struct WorkerGroupState: Sendable {
    /// What happened.
    enum Event: Sendable, Hashable {
        /// The group was started.
        case began
        /// A worker has nothing in hand, and holds so many batches ahead.
        case free(worker: Int, holding: Int)
        /// A worker was given the batch that it asked for.
        case acquired(worker: Int)
        /// A worker asked for a batch, and there is none.
        case foundNone(worker: Int, NoBatchReason, now: Date)
        /// A worker that has a batch in hand may hold so many more ahead.
        case hasRoom(worker: Int, Int)
        /// It asked for so many of these, and was given so many.
        case filled(asked: Int, given: Int)
        /// Something failed that is not the fault of a batch.
        case failed(TrancheError.Code?)
        /// A worker has ended.
        case ended(worker: Int)
        /// Other numbers of workers are wanted.
        case slots(Int)
        /// Nothing is to be acquired for now, or again.
        case paused(Bool)
        /// There may be something new to acquire.
        case grown
        /// Nothing more is to be acquired.
        case stopped
    }

    /// What is to be done.
    enum Action: Sendable, Hashable {
        /// The worker whose event it was does this next.
        case next(Step)
        /// A worker begins.
        case start(worker: Int)
        /// The waiting workers are free.
        case wake
        /// Nothing is in hand, and there has been no room for some time.
        case tell(NoBatchReason)
        /// The group has ended.
        case finish
    }

    /// What a worker does next.
    enum Step: Sendable, Hashable {
        /// It asks for so many batches.
        case acquire(Int)
        /// It works on the batch that it holds for longest.
        case work
        /// It waits so long, at most, and is free then.
        case wait(Duration)
        /// It gives back what it holds ahead, and waits until it is woken.
        case rest
        /// It gives back what it holds ahead, and ends.
        case end
    }

    /// Why the first worker ended that found no batch; `nil` where there was another reason to end.
    private(set) var reason: NoBatchReason?
    private let end: BatchesEnd
    private let longestPause: Duration
    private var slots: Int
    private var left: Int
    private var isPaused = false
    private var isOver = false
    private var running: Set<Int> = []
    /// How often each worker has found nothing since it was last given a batch.
    private var looks: [Int: Int] = [:]
    private var content = Content.readable
    /// The worker that looks for room in a budget while the others of the group wait for it.
    private var scout: Int?
    /// How often that one has looked since anybody was given a batch; what is told is told once.
    private var roomLooks = 0
    private var hasTold = false
    /// The workers that have a batch in hand.
    private var busy: Set<Int> = []

    /// How far the source's content could be read.
    ///
    /// Those who ask together are refused together where it cannot be read on: what one of them
    /// could have had lies before, and is found by one who asks alone.
    private enum Content { case readable, broken, readAlone }

    init(_ configuration: WorkerGroup.Configuration, longestPause: Duration) {
        slots = configuration.slots
        left = configuration.limit
        end = configuration.end
        self.longestPause = longestPause
    }

    /// Whether a worker has a batch in hand.
    var isBusy: Bool { !busy.isEmpty }

    /// Whether no worker has a batch in hand, and one that asked for some was given none.
    var isWaiting: Bool { busy.isEmpty && !looks.isEmpty }

    /// Takes an event.
    ///
    /// - Returns: What is to be done, in this order.
    mutating func handle(_ event: Event) -> [Action] {
        switch event {
        case .began:
            let starts = startMissing()
            return starts.isEmpty ? [.finish] : starts
        case .free(let worker, let holding):
            let step = next(for: worker, holding)
            if step == .work { busy.insert(worker) } else { busy.remove(worker) }
            return [.next(step)]
        case .acquired(let worker):
            looks[worker] = nil
            busy.insert(worker)
            (roomLooks, hasTold) = (0, false)
            let step = Action.next(mayGoOn(worker) ? .work : .end)
            guard scout == worker else { return [step] }
            // There may be room for others, too.
            scout = nil
            return [step, .wake]
        case .foundNone(let worker, let reason, let now):
            left = left.addingClamped(1)
            let step = Action.next(next(for: worker, reason, now))
            guard case .limited = reason, scout == worker else { return [step] }
            roomLooks += 1
            guard roomLooks >= Self.looksBeforeTelling, busy.isEmpty, !hasTold else {
                return [step]
            }
            hasTold = true
            return [step, .tell(reason)]
        case .hasRoom(let worker, let room):
            let count = mayGoOn(worker) && !isPaused ? min(room, left) : 0
            left -= count
            return count > 0 ? [.next(.acquire(count))] : []
        case .filled(let asked, let given):
            left += asked - given
            return []
        case .failed(let code):
            if code == .invalidItem {
                if content == .readable { content = .broken }
                return []
            }
            return over()
        case .ended(let worker): return ended(worker)
        case .slots(let count):
            slots = count
            return startMissing() + [.wake]
        case .paused(let isPaused):
            self.isPaused = isPaused
            return [.wake]
        case .grown:
            // They look often again: what is new may not be seen by the first look.
            looks = [:]
            return [.wake]
        case .stopped: return over()
        }
    }

    // MARK: - One worker

    private func mayGoOn(_ worker: Int) -> Bool { !isOver && worker <= slots }

    private mutating func next(for worker: Int, _ holding: Int) -> Step {
        guard mayGoOn(worker) else { return .end }
        if isPaused { return .rest }
        if holding > 0 { return .work }
        guard left > 0 else { return .end }
        left -= 1
        return .acquire(1)
    }

    private mutating func next(for worker: Int, _ reason: NoBatchReason, _ now: Date) -> Step {
        guard mayGoOn(worker) else { return .end }
        guard reason.isWorthWaiting(for: end) else {
            self.reason = self.reason ?? reason
            return .end
        }
        let look = looks[worker, default: 0]
        looks[worker] = look + 1
        // Workers beside this one end their last batches soon: the first looks follow each other
        // quickly.
        let soon = min(longestPause, .milliseconds(5) * (1 << min(look, 10)))
        switch reason {
        case .paused, .cancelled, .held, .heldBack, .superseded: return .wait(longestPause)
        case .limited:
            // One asks for all: a full budget is not asked by each of a thousand workers.
            scout = scout ?? worker
            guard scout == worker else { return .wait(longestPause) }
            return .wait(reason.wait(atMost: soon, now: now))
        case .complete, .waiting, .stuck, .unsettled:
            return .wait(reason.wait(atMost: soon, now: now))
        }
    }

    /// How often a worker looks for room before that is told: for about half a second.
    private static let looksBeforeTelling = 8

    // MARK: - All workers

    private mutating func startMissing() -> [Action] {
        guard !isOver, content == .readable else { return [] }
        let missing = (1...slots).filter { running.insert($0).inserted }
        return missing.map { .start(worker: $0) }
    }

    private mutating func over() -> [Action] {
        isOver = true
        return [.wake]
    }

    private mutating func ended(_ worker: Int) -> [Action] {
        running.remove(worker)
        busy.remove(worker)
        looks[worker] = nil
        let wakes: [Action] = scout == worker ? [.wake] : []
        if scout == worker { scout = nil }
        guard running.isEmpty else { return wakes }
        guard content == .broken, !isOver, slots > 1 else { return [.finish] }
        content = .readAlone
        running = [1]
        return [.start(worker: 1)]
    }
}
