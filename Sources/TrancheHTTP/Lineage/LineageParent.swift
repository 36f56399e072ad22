import FoundationEssentials
import Tranche

/// A run of a job that another program tells of, such as the task that has started this one.
///
/// As a text it is `NAMESPACE/JOB/RUN`, as programs find it in `OPENLINEAGE_PARENT_ID`.
public struct LineageParent: Sendable, Hashable {
    /// The name space of the job.
    public var namespace: String
    /// The job.
    public var job: String
    /// The run: a UUID.
    public var run: String

    /// Makes one.
    public init(namespace: String, job: String, run: String) {
        (self.namespace, self.job, self.run) = (namespace, job, run)
    }

    /// Reads a text: the run stands behind the last slash, and the job behind the one before.
    ///
    /// A text of another form is none: `nil`.
    ///
    /// - Parameter text: The text.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 3, let run = UUID(uuidString: String(parts[parts.count - 1])) else {
            return nil
        }
        namespace = parts.dropLast(2).joined(separator: "/")
        job = String(parts[parts.count - 2])
        self.run = run.uuidString.lowercased()
        if namespace.isEmpty || job.isEmpty { return nil }
    }

    /// Run and job, as facets have them.
    var members: [(name: String, json: String)] {
        let names = [
            ("namespace", JSONBytes.quoted(namespace)), ("name", JSONBytes.quoted(job)),
        ]
        return [
            ("run", LineageJSON.object([("runId", JSONBytes.quoted(run))])),
            ("job", LineageJSON.object(names)),
        ]
    }

    /// The same as an object.
    var json: String { LineageJSON.object(members) }
}

extension LineageParent: CustomStringConvertible {
    /// The text.
    public var description: String { "\(namespace)/\(job)/\(run)" }
}
