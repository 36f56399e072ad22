public import FoundationEssentials
public import TrancheConnectors

/// Where a container engine answers.
public struct ContainerAddress: Sendable, Hashable {
    enum Place: Sendable, Hashable {
        case unix(String)
        /// Without a slash at the end.
        case http(String)
    }

    let place: Place

    /// Reads an address.
    ///
    /// - Parameter text: `unix:///PATH`, a path, `tcp://HOST:PORT` or `http://HOST:PORT`.
    /// - Throws: `SpecError` for another.
    public init(_ text: String) throws(SpecError) {
        if text.hasPrefix("/") {
            place = .unix(text)
        } else if text.hasPrefix("unix:///") {
            place = .unix(String(text.dropFirst("unix://".count)))
        } else if let host = Self.host(text) {
            place = .http("http://\(host)")
        } else {
            let words = "is not a container engine's address; give unix:///PATH or tcp://HOST:PORT"
            let more =
                text.hasPrefix("ssh:") ? " (for ssh, forward the socket: ssh -L PATH:PATH)" : ""
            throw SpecError(.invalidValue, field: ["socket"], value: text, words + more)
        }
    }

    private static func host(_ text: String) -> String? {
        for scheme in ["tcp://", "http://"] where text.hasPrefix(scheme) {
            var host = text.dropFirst(scheme.count)
            if host.last == "/" { host.removeLast() }
            let isPlain = host.allSatisfy { !"/@?# ".contains($0) }
            return host.isEmpty || !isPlain ? nil : String(host)
        }
        return nil
    }

    /// Finds the engine: as told, as `DOCKER_HOST` or `CONTAINER_HOST` says, or the first socket
    /// that is there of podman's and docker's usual ones, this user's before the system's.
    ///
    /// - Parameters:
    ///   - told: The address that was given; `nil` to look.
    ///   - environment: This process's variables.
    ///   - exists: Whether there is a file.
    /// - Returns: The address.
    /// - Throws: `SpecError` where there is none, or it cannot be used: TLS and ssh cannot.
    public static func find(
        _ told: String? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        exists: (String) -> Bool = { FileManager.default.fileExists(atPath: $0) }
    ) throws(SpecError) -> ContainerAddress {
        if let told { return try ContainerAddress(told) }
        for name in ["DOCKER_HOST", "CONTAINER_HOST"] {
            guard let value = environment[name], !value.isEmpty else { continue }
            let address = try ContainerAddress(value)
            let isVerified = !(environment["DOCKER_TLS_VERIFY"] ?? "").isEmpty
            if isVerified, case .http = address.place {
                let words =
                    "is to be reached by TLS, as DOCKER_TLS_VERIFY says, which cannot be done;"
                throw SpecError(
                    .unusable,
                    field: ["socket"],
                    value: value,
                    words + " use a unix socket"
                )
            }
            return address
        }
        let paths = Self.usual(environment)
        guard let path = paths.first(where: exists) else {
            let words =
                "no container engine is found: start one (systemctl start podman.socket), or set"
            throw SpecError(.missing, field: ["socket"], words + " DOCKER_HOST or the field")
        }
        return try ContainerAddress(path)
    }

    private static func usual(_ environment: [String: String]) -> [String] {
        var paths: [String] = []
        if let folder = environment["XDG_RUNTIME_DIR"], folder.hasPrefix("/") {
            paths += ["\(folder)/podman/podman.sock", "\(folder)/docker.sock"]
        }
        return paths + ["/run/podman/podman.sock", "/run/docker.sock", "/var/run/docker.sock"]
    }
}

extension ContainerAddress: CustomStringConvertible {
    /// The address, as it can be given.
    public var description: String {
        switch place {
        case .unix(let path): "unix://\(path)"
        case .http(let base): base
        }
    }
}
