import Tranche
import TrancheConnectors

extension ContainerSettings: Codable {
    private enum CodingKeys: String, CodingKey {
        case image, command, arguments, env, pull, network, memory, cpus, user, mounts, labels
        case stopTimeout, socket
    }

    /// The names of the fields in a pipeline's file.
    static let members = [
        "image", "command", "arguments", "env", "pull", "network", "memory", "cpus", "user",
        "mounts", "labels", "stop_timeout", "socket",
    ]

    /// Reads the fields of a pipeline's file or a connector.
    ///
    /// Sizes and times are texts with a unit, such as `512MiB` and `10s`, or plain numbers of bytes
    /// and seconds. `env` is an object of values, or of `{"file": PATH}` and `{"from": NAME}`; or a
    /// list, or a text with commas, of `NAME` (passed on) and `NAME=VALUE`. The values are checked.
    ///
    /// - Throws: `SpecError` that names the field; `DecodingError`.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(image: try values.decodeIfPresent(String.self, forKey: .image) ?? "")
        command = try values.decodeIfPresent([String].self, forKey: .command)
        arguments = try values.decodeIfPresent([String].self, forKey: .arguments)
        env = try Self.env(values)
        pull = try Self.pull(values) ?? .missing
        network = try values.decodeIfPresent(String.self, forKey: .network)
        memory = try Self.number(values, .memory) { text throws(UnitText.Fault) in
            try UnitText.weight(text).nearestInteger
        }
        cpus = try values.decodeIfPresent(Double.self, forKey: .cpus)
        user = try values.decodeIfPresent(String.self, forKey: .user)
        mounts = try values.decodeIfPresent([ContainerMount].self, forKey: .mounts) ?? []
        labels = try values.decodeIfPresent([String: String].self, forKey: .labels) ?? [:]
        stopTimeout =
            try Self.number(values, .stopTimeout) { text throws(UnitText.Fault) in
                try UnitText.duration(text)
            } ?? .seconds(2)
        socket = try values.decodeIfPresent(String.self, forKey: .socket)
        try validate()
    }

    /// Writes the fields, so that reading them gives the same.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(image, forKey: .image)
        try values.encodeIfPresent(command, forKey: .command)
        try values.encodeIfPresent(arguments, forKey: .arguments)
        if !env.isEmpty { try values.encode(env, forKey: .env) }
        try values.encode(pull, forKey: .pull)
        try values.encodeIfPresent(network, forKey: .network)
        try values.encodeIfPresent(memory, forKey: .memory)
        try values.encodeIfPresent(cpus, forKey: .cpus)
        try values.encodeIfPresent(user, forKey: .user)
        if !mounts.isEmpty { try values.encode(mounts, forKey: .mounts) }
        if !labels.isEmpty { try values.encode(labels, forKey: .labels) }
        try values.encode(stopTimeout.unitText, forKey: .stopTimeout)
        try values.encodeIfPresent(socket, forKey: .socket)
    }

    private typealias Values = KeyedDecodingContainer<CodingKeys>

    private static func env(_ values: Values) throws -> [String: ContainerVariable] {
        // A value is asked for its kind by trying; what is wrong within it is told.
        if (try? values.nestedContainer(keyedBy: DynamicKey.self, forKey: .env)) != nil {
            return try values.decode([String: ContainerVariable].self, forKey: .env)
        }
        let entries: [Substring]
        if (try? values.nestedUnkeyedContainer(forKey: .env)) != nil {
            entries = try values.decode([String].self, forKey: .env).map { $0[...] }
        } else {
            guard let text = try values.decodeIfPresent(String.self, forKey: .env) else {
                return [:]
            }
            entries = text.split(separator: ",").map { $0[...] }
        }
        var env: [String: ContainerVariable] = [:]
        for entry in entries {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].filter { !$0.isWhitespace }
            if name.isEmpty, parts.count == 1 { continue }
            env[name] = parts.count > 1 ? .literal(String(parts[1])) : .passed()
        }
        return env
    }

    /// `true` and `false` are taken as well, as `always` and `never`.
    private static func pull(_ values: Values) throws -> ContainerPull? {
        // What is no flag is read as a text below.
        if let flag = try? values.decode(Bool.self, forKey: .pull) {
            return flag ? .always : .never
        }
        guard let text = try values.decodeIfPresent(String.self, forKey: .pull) else { return nil }
        if text == "true" { return .always }
        if text == "false" { return .never }
        guard let pull = ContainerPull(rawValue: text) else {
            let words = "is not known; give never, missing or always"
            throw SpecError(.invalidValue, field: ["pull"], value: text, words)
        }
        return pull
    }

    private static func number<Value>(
        _ values: Values,
        _ key: CodingKeys,
        _ read: (String) throws(UnitText.Fault) -> Value
    ) throws -> Value? {
        guard values.contains(key) else { return nil }
        let text: String
        // What is no number is read as a text with a unit.
        if let number = try? values.decode(Double.self, forKey: key) {
            text = number.plain
        } else {
            text = try values.decode(String.self, forKey: key)
        }
        do throws(UnitText.Fault) {
            return try read(text)
        } catch {
            let field = key == .stopTimeout ? "stop_timeout" : key.rawValue
            throw SpecError(.invalidValue, field: [field], value: text, ": \(error.message)")
        }
    }
}

extension ContainerVariable: Codable {
    private enum CodingKeys: String, CodingKey {
        case file, from
    }

    /// Reads a text, or an object with `file` or `from`.
    public init(from decoder: any Decoder) throws {
        // What is no scalar is read as an object below. A number is the text that it is.
        if let value = try? Value(from: decoder) {
            guard let text = value.text, value.integer != nil || value == .text(text) else {
                throw SpecError(.invalidValue, "must be a text: put it in quotes")
            }
            self = .literal(text)
            return
        }
        let values = try decoder.container(keyedBy: CodingKeys.self)
        if let path = try values.decodeIfPresent(String.self, forKey: .file) {
            self = .file(path)
        } else {
            // An empty name is that of the variable itself.
            let name = try values.decode(String.self, forKey: .from)
            self = .passed(from: name.isEmpty ? nil : name)
        }
    }

    /// Writes a text, or an object.
    public func encode(to encoder: any Encoder) throws {
        if case .literal(let text) = self {
            var value = encoder.singleValueContainer()
            try value.encode(text)
            return
        }
        var values = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .file(let path): try values.encode(path, forKey: .file)
        case .passed(let name): try values.encode(name ?? "", forKey: .from)
        case .literal: break
        }
    }
}

extension ContainerMount: Codable {
    private enum CodingKeys: String, CodingKey {
        case source, target, writable
    }

    /// Reads an object with `source`, `target` and, where it may be written to, `writable`.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            try values.decode(String.self, forKey: .source),
            at: try values.decode(String.self, forKey: .target),
            isWritable: try values.decodeIfPresent(Bool.self, forKey: .writable) ?? false
        )
    }

    /// Writes the object.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(source, forKey: .source)
        try values.encode(target, forKey: .target)
        try values.encode(isWritable, forKey: .writable)
    }
}
