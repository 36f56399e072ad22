/// The fault that keeps inputs, processes and links from being a graph.
public enum GraphError: Error, Sendable, Hashable {
    /// An input or process has the name already.
    case duplicateName(String)
    /// The name cannot be one.
    case invalidName(String)
    /// The name means something of its own.
    case reservedName(String)
    /// A link leads from what is neither input nor process.
    case unknownSource(String, to: String)
    /// A link leads to a process that there is not.
    case unknownProcess(String, from: String)
    /// A link leads to an input.
    case leadsToInput(String, from: String)
    /// A job runs a process that there is not.
    case unknownProcessOfJob(String, job: String)
    /// A link leads from a process to itself.
    case selfLink(String)
    /// There is such a link already.
    case duplicateLink(from: String, to: String)
    /// The link closes a circle: these processes, in order.
    case cycle([String])
    /// There are more ways through the graph than jobs can be made for.
    case tooManyPaths(Int)
    /// A link from a process has what only links from inputs can have.
    case needsInput(String)
    /// A link from a process names operations, and not that which each completion is.
    case neverRuns(String)
    /// A link names operations, and of events about the same the newest alone is run on.
    case coalescesOperations(String)
    /// A way's name is too long for a job's.
    case longName(String)
    /// There is nothing to run.
    case empty
}

extension GraphError: CustomStringConvertible {
    /// The error in words, with what to do.
    public var description: String {
        switch self {
        case .duplicateName(let name):
            "there is an input or process '\(name)' already; names are given once"
        case .invalidName(let name):
            "'\(name)' cannot be the name of an input or process; give 1 to 40 letters, digits, "
                + "'.', '_' and '-', the first a letter or digit"
        case .reservedName(let name):
            "'\(name)' is what follows a link with 'then'; give the input or process another name"
        case .unknownSource(let source, let process):
            "unable to run \"\(source)\" -> \"\(process)\" part of process, \"\(source)\" is "
                + "neither an input nor a process"
        case .unknownProcess(let process, let source):
            "unable to run \"\(source)\" -> \"\(process)\" part of process, process "
                + "\"\(process)\" is unknown"
        case .leadsToInput(let input, let source):
            "the link from '\(source)' leads to '\(input)', which is an input; links lead to "
                + "processes"
        case .unknownProcessOfJob(let process, let job):
            "the job '\(job)' runs the process '\(process)', which is not among the processes"
        case .selfLink(let process): "the process '\(process)' is linked to itself"
        case .duplicateLink(let source, let process):
            "there is a link from '\(source)' to '\(process)' already"
        case .cycle(let path):
            "the links lead in a circle: \(path.joined(separator: " -> "))"
        case .tooManyPaths(let most):
            "there are more than \(most) ways from inputs to processes; each is a job of its own"
        case .needsInput(let link):
            "the link \(link) leads from a process: 'coalesce', 'start' and 'then' go with links "
                + "from inputs"
        case .neverRuns(let link):
            "the link \(link) leads from a process, and each completion is a 'create': with its "
                + "'operations' nothing would run; leave them out"
        case .coalescesOperations(let link):
            "the link \(link) names operations, and coalesces: of events about the same the newest "
                + "counts, whatever its operation; leave out one of them"
        case .longName(let job):
            "the job '\(job)' has \(job.utf8.count) bytes in its name, and 128 are the most; give "
                + "shorter names"
        case .empty: "there is no link: nothing would run"
        }
    }
}
