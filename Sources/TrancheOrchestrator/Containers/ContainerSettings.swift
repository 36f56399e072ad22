public import TrancheConnectors

/// The image of a container, and its rights.
///
/// A process that reaches the engine's socket is root on its host, so this program is, too, once it
/// has it.
public struct ContainerSettings: Sendable, Hashable {
    /// The image, by name, name and tag, or name and digest.
    public var image: String
    /// The entry point; the image's own by default.
    public var command: [String]?
    /// The arguments; the image's own by default.
    public var arguments: [String]?
    /// Variables beside those that Tranche sets, by name; none by default.
    ///
    /// Users that may inspect containers see their values.
    public var env: [String: ContainerVariable] = [:]
    /// When the image is pulled; where it is missing by default.
    public var pull = ContainerPull.missing
    /// The network: `none`, `host`, or a name; the engine's own default where it is `nil`.
    ///
    /// That default reaches out, and is apart from the host's network: what listens on the host's
    /// loopback is not reached, unlike with `host`.
    public var network: String?
    /// Most memory, in bytes; above 0, without a bound by default.
    public var memory: Int64?
    /// Most processors, such as 0.5; above 0, without a bound by default.
    public var cpus: Double?
    /// The user, as `name`, `uid` or `uid:gid`; the image's own by default.
    public var user: String?
    /// The files of the host that the container sees; none by default.
    public var mounts: [ContainerMount] = []
    /// Labels beside those that Tranche sets; none by default.
    public var labels: [String: String] = [:]
    /// How long a program has between SIGTERM and SIGKILL, in whole seconds rounded up; from 1 s to
    /// 300 s, 2 s by default, as programs outside containers have.
    public var stopTimeout: Duration = .seconds(2)
    /// The engine, as `DOCKER_HOST` names it; found by ``ContainerAddress`` by default.
    public var socket: String?

    /// Describes what is run.
    ///
    /// - Parameter image: The image.
    public init(image: String) {
        self.image = image
    }

    /// Checks the values.
    ///
    /// - Throws: `SpecError` that names the field; an empty image is `.missing`.
    public func validate() throws(SpecError) {
        guard image.contains(where: { !$0.isWhitespace }) else {
            throw SpecError(
                .missing,
                field: ["image"],
                "container image missing: say which to run in the field"
            )
        }
        try check(image, ["image"])
        guard image.allSatisfy({ !$0.isWhitespace }) else {
            throw SpecError(.invalidValue, field: ["image"], value: image, "is not an image's name")
        }
        for text in (command ?? []) + (arguments ?? []) { try check(text, ["arguments"]) }
        for (name, variable) in env.sorted(by: { $0.key < $1.key }) {
            try variable.check(name)
        }
        try checkBounds()
        for (index, mount) in mounts.enumerated() {
            try mount.check(["mounts", String(index)])
        }
        for (key, value) in labels {
            try check(key + value, ["labels", key])
            if key.hasPrefix(ContainerLabel.prefix) {
                let words = "is a label that Tranche sets itself; choose another"
                throw SpecError(.invalidValue, field: ["labels", key], words)
            }
        }
    }

    private func checkBounds() throws(SpecError) {
        if let memory, memory <= 0 {
            let words = "is not an amount of memory; give more than 0 bytes"
            throw SpecError(.invalidValue, field: ["memory"], value: "\(memory)", words)
        }
        if let cpus, !(cpus > 0 && cpus <= 1_000_000) {
            let words = "is not a number of processors; give more than 0"
            throw SpecError(.invalidValue, field: ["cpus"], value: "\(cpus)", words)
        }
        guard stopTimeout >= .seconds(1), stopTimeout <= .seconds(300) else {
            throw SpecError(.invalidValue, field: ["stop_timeout"], "is from 1s to 300s")
        }
        if let network, network.isEmpty {
            let words = "is empty; leave it out for the engine's default, or give none"
            throw SpecError(.invalidValue, field: ["network"], words)
        }
        if network?.hasPrefix("container:") ?? false {
            let words = "is the network of another container, which may end first"
            throw SpecError(.invalidValue, field: ["network"], value: network, words)
        }
    }

    private func check(_ text: String, _ field: [String]) throws(SpecError) {
        guard text.contains("\0") else { return }
        throw SpecError(.invalidValue, field: field, "holds a NUL, which no program can be given")
    }
}

/// When an image is pulled.
public enum ContainerPull: String, Sendable, Hashable, Codable {
    /// Never: an image that the engine does not have is an error.
    case never
    /// Where the engine does not have it.
    case missing
    /// Before each container.
    case always
}

/// A file or folder of the host that a container sees.
public struct ContainerMount: Sendable, Hashable {
    /// The absolute path on the engine's host; it must be there.
    public var source: String
    /// The absolute path within the container.
    public var target: String
    /// Whether the container may write to it; `false` by default.
    public var isWritable = false

    /// Describes a mount that can be read.
    public init(_ source: String, at target: String, isWritable: Bool = false) {
        self.source = source
        self.target = target
        self.isWritable = isWritable
    }

    func check(_ field: [String]) throws(SpecError) {
        for (name, path) in [("source", source), ("target", target)]
        where !path.hasPrefix("/") || path.contains("\0") {
            throw SpecError(
                .invalidValue,
                field: field + [name],
                value: path,
                "is not an absolute path; give one that begins with a slash"
            )
        }
    }
}

/// The labels by which a container is known again.
enum ContainerLabel {
    static let prefix = "tranche."
    static let inventory = "tranche.inventory"
    static let batch = "tranche.batch"
    static let attempt = "tranche.attempt"
    static let worker = "tranche.worker"
    static let lease = "tranche.lease"
    /// What tells the request that made a container from all others.
    static let request = "tranche.request"
    /// How it is given its input; ``ContainerInput/label``.
    static let input = "tranche.input"
}
