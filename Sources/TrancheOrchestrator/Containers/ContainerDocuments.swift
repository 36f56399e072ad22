import FoundationEssentials

/// What the engine is told to create, as its API has it.
struct ContainerDocument: Encodable {
    var image: String
    var entrypoint: [String]?
    var cmd: [String]?
    var env: [String]
    var user: String?
    var labels: [String: String]
    var openStdin: Bool
    var stdinOnce: Bool
    var attachStdin: Bool
    var attachStdout = true
    var attachStderr = true
    var tty = false
    /// In seconds; the engine kills at once without it.
    var stopTimeout: Int
    var hostConfig: Host

    struct Host: Encodable {
        var networkMode: String?
        var memory: Int64?
        var nanoCpus: Int64?
        var mounts: [Mount]
        /// The end of a container is read before it goes.
        var autoRemove = false

        enum CodingKeys: String, CodingKey {
            case networkMode = "NetworkMode"
            case memory = "Memory"
            case nanoCpus = "NanoCpus"
            case mounts = "Mounts"
            case autoRemove = "AutoRemove"
        }
    }

    struct Mount: Encodable {
        var type = "bind"
        var source: String
        var target: String
        var readOnly: Bool

        enum CodingKeys: String, CodingKey {
            case type = "Type"
            case source = "Source"
            case target = "Target"
            case readOnly = "ReadOnly"
        }
    }

    enum CodingKeys: String, CodingKey {
        case image = "Image"
        case entrypoint = "Entrypoint"
        case cmd = "Cmd"
        case env = "Env"
        case user = "User"
        case labels = "Labels"
        case openStdin = "OpenStdin"
        case stdinOnce = "StdinOnce"
        case attachStdin = "AttachStdin"
        case attachStdout = "AttachStdout"
        case attachStderr = "AttachStderr"
        case tty = "Tty"
        case stopTimeout = "StopTimeout"
        case hostConfig = "HostConfig"
    }
}

/// What the engine says of a container.
struct ContainerState: Decodable, Sendable {
    var id: String
    var imageID: String?
    var state: State
    var config: Config

    struct State: Decodable, Sendable {
        var status: String
        var exitCode: Int32
        var isOutOfMemory: Bool?
        var startedAt: String?
        var finishedAt: String?

        enum CodingKeys: String, CodingKey {
            case status = "Status"
            case exitCode = "ExitCode"
            case isOutOfMemory = "OOMKilled"
            case startedAt = "StartedAt"
            case finishedAt = "FinishedAt"
        }
    }

    struct Config: Decodable, Sendable {
        var labels: [String: String]?
        /// In seconds; not every engine says it.
        var stopTimeout: Int?

        enum CodingKeys: String, CodingKey {
            case labels = "Labels"
            case stopTimeout = "StopTimeout"
        }
    }

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case imageID = "Image"
        case state = "State"
        case config = "Config"
    }

    /// How far it is, whatever the engine calls it.
    enum Phase {
        /// It was never started.
        case created
        case running
        /// It has ended, and the engine still looks after that: the exit code may not be known yet.
        case ending
        case ended
    }

    var phase: Phase {
        switch state.status {
        case "created", "configured", "initialized": .created
        // podman's own word for the moment after the end.
        // Its code is known as soon as the time of the end is.
        case "stopped": (state.finishedAt ?? "").hasPrefix("0001") ? .ending : .ended
        case "stopping", "removing": .ending
        case "exited", "dead": .ended
        default: .running
        }
    }

    func label(_ name: String) -> String? { config.labels?[name] }
}

/// A container in the engine's list.
struct ContainerEntry: Decodable, Sendable {
    var id: String
    var names: [String]?
    var labels: [String: String]?

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case names = "Names"
        case labels = "Labels"
    }

    var name: String {
        names?.first.map { $0.hasPrefix("/") ? String($0.dropFirst()) : $0 } ?? id
    }
}

/// What an engine says when it refuses, and what a pull tells as it goes on.
struct EngineWords: Decodable {
    var message: String?
    var error: String?
    var status: String?
    var id: String?
}
