import Tranche
import TrancheConnectors
import TrancheWorkflows

/// Inputs, processes, and the links between them, as names: a directed graph without circles.
///
/// What would make it another is refused before anything is changed.
public struct PipelineGraph: Sendable, Hashable {
    /// The names of the inputs, in the order in which they were added.
    public private(set) var inputs: [String] = []
    /// The names of the processes, in the order in which they were added.
    public private(set) var processes: [String] = []
    /// The links, in the order in which they were added.
    public private(set) var links: [Link] = []

    /// The jobs beside the links that run a process, in the order in which they were added.
    public private(set) var users: [User] = []

    /// A job that runs a process on the items of a source of its own.
    public struct User: Sendable, Hashable {
        /// The job's name.
        public let job: String
        /// The process.
        public let process: String
    }

    /// The jobs beside the links that run none of the processes, in the order in which they were
    /// added.
    public private(set) var others: [Other] = []

    /// A job with a source and work of its own.
    public struct Other: Sendable, Hashable {
        /// The job's name.
        public let job: String
        /// Where its items are listed, without what its source says besides.
        public let source: String
        /// What is done with its batches: the program that runs, or the place of its sink.
        public let work: String
    }

    /// The most ways from inputs to processes: each is a job.
    static let mostJobs = 1000

    /// Makes an empty graph.
    public init() {}

    /// Adds an input.
    ///
    /// - Parameter name: Its name.
    /// - Throws: ``GraphError`` for a name that cannot be, or is taken.
    public mutating func addInput(_ name: String) throws(GraphError) {
        try requireNew(name)
        inputs.append(name)
    }

    /// Adds a process.
    ///
    /// - Parameter name: Its name.
    /// - Throws: ``GraphError`` for a name that cannot be, or is taken.
    public mutating func addProcess(_ name: String) throws(GraphError) {
        try requireNew(name)
        processes.append(name)
    }

    /// Adds a job that runs a process; a backfill of it is the same job.
    ///
    /// What a link does behind the process, it does on the results of links alone.
    ///
    /// - Parameters:
    ///   - job: The job's name.
    ///   - process: The process, which was added before.
    /// - Throws: ``GraphError`` `.unknownProcessOfJob`.
    public mutating func add(job: String, by process: String) throws(GraphError) {
        guard processes.contains(process) else {
            throw .unknownProcessOfJob(process, job: job)
        }
        let user = User(job: job, process: process)
        if !users.contains(user) { users.append(user) }
    }

    /// Adds a job, whatever it runs; a backfill of it is the same job.
    ///
    /// - Parameter workflow: What the job does.
    /// - Throws: ``GraphError`` `.unknownProcessOfJob`.
    mutating func add(_ workflow: Workflow) throws(GraphError) {
        if let process = workflow.process { return try add(job: workflow.job, by: process) }
        let other = Other(
            job: workflow.job,
            source: workflow.source.location,
            work: workflow.work.words
        )
        if !others.contains(other) { others.append(other) }
    }

    /// Adds a link.
    ///
    /// - Parameter link: The link, between what was added before.
    /// - Throws: ``GraphError``.
    public mutating func add(_ link: Link) throws(GraphError) {
        guard inputs.contains(link.source) || processes.contains(link.source) else {
            throw .unknownSource(link.source, to: link.process)
        }
        guard processes.contains(link.process) else {
            if inputs.contains(link.process) {
                throw .leadsToInput(link.process, from: link.source)
            }
            throw .unknownProcess(link.process, from: link.source)
        }
        if processes.contains(link.source),
            link.coalesce != nil || link.start == .end || link.then != nil
        {
            throw .needsInput(link.name)
        }
        if processes.contains(link.source), !link.operations.isEmpty,
            !link.operations.contains(.create)
        {
            throw .neverRuns(link.name)
        }
        guard link.coalesce == nil || link.operations.isEmpty else {
            throw .coalescesOperations(link.name)
        }
        guard link.source != link.process else { throw .selfLink(link.process) }
        guard !links.contains(where: { $0.name == link.name }) else {
            throw .duplicateLink(from: link.source, to: link.process)
        }
        if let path = path(from: link.process, to: link.source) {
            throw .cycle([link.source] + path)
        }
        var changed = self
        changed.links.append(link)
        guard changed.jobs(upTo: Self.mostJobs + 1).count <= Self.mostJobs else {
            throw .tooManyPaths(Self.mostJobs)
        }
        if let job = changed.jobs.first(where: { $0.name.utf8.count > 128 }) {
            throw .longName(job.name)
        }
        self = changed
    }

    private func requireNew(_ name: String) throws(GraphError) {
        guard (1...40).contains(name.utf8.count), name.utf8.allSatisfy(Self.isOfNames),
            let first = name.utf8.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-"),
            first != UInt8(ascii: "_")
        else { throw .invalidName(name) }
        guard name != Link.after else { throw .reservedName(name) }
        guard !inputs.contains(name), !processes.contains(name) else {
            throw .duplicateName(name)
        }
    }

    private static func isOfNames(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }

    // MARK: - Ways

    /// The processes that a process is linked to, in order.
    public func processes(after name: String) -> [String] {
        links.filter { $0.source == name }.map(\.process)
    }

    /// A way along links, both ends in it; `nil` where there is none.
    private func path(from start: String, to end: String) -> [String]? {
        var cameFrom: [String: String] = [start: start]
        var reached = [start][...]
        while let name = reached.popFirst() {
            if name == end {
                var path = [end]
                while let last = path.last, last != start, let before = cameFrom[last] {
                    path.append(before)
                }
                return path.reversed()
            }
            for next in processes(after: name) where cameFrom[next] == nil {
                cameFrom[next] = name
                reached.append(next)
            }
        }
        return nil
    }

    /// The jobs by which the links run, each behind that whose completions it reads.
    ///
    /// A link from a process is a job for each job of that process.
    public var jobs: [LinkJob] { jobs(upTo: .max) }

    private func jobs(upTo most: Int) -> [LinkJob] {
        var jobs = inputs.flatMap { input in
            links.filter { $0.source == input }.map {
                LinkJob(link: $0, input: input, upstream: nil)
            }
        }
        var place = 0
        while place < jobs.count, jobs.count < most {
            let job = jobs[place]
            if let after = job.link.then {
                var link = Link(from: job.link.process, to: Link.after)
                // What is done again does the same.
                link.policy = job.link.policy
                link.policy.execution = .atLeastOnce
                jobs.append(
                    LinkJob(link: link, input: job.input, upstream: job.name, after: after)
                )
            }
            jobs += links.filter { $0.source == job.link.process }.map {
                LinkJob(link: $0, input: job.input, upstream: job.name)
            }
            place += 1
        }
        return jobs
    }
}

/// A job by which a link runs.
public struct LinkJob: Sendable, Hashable {
    /// The link.
    public var link: Link
    /// The input at whose events the way begins.
    public var input: String
    /// The job whose completions are read; `nil` where the events of the input are.
    public var upstream: String?
    /// The action on the files of the other job's events; `nil` (the default) where a process runs.
    public var after: AfterLoad?

    /// Describes a job.
    init(link: Link, input: String, upstream: String?, after: AfterLoad? = nil) {
        (self.link, self.input, self.upstream, self.after) = (link, input, upstream, after)
    }

    /// The job's name: the way from the input to the process, such as `orders/validate/store`.
    public var name: String { upstream.map { "\($0)/\(link.process)" } ?? link.name }
}

extension WorkflowWork {
    /// The work in a word or two, for a graph.
    fileprivate var words: String {
        switch self {
        case .records(_, let sink): sink.location
        case .program(let words): words.first ?? ""
        case .handler: "callers of the server"
        }
    }
}
