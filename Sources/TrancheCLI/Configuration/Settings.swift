import FoundationEssentials
import Tranche
import TrancheConnectors
import TrancheHTTP
import TrancheSQL

/// What flags, environment and dotenv file say, in this order.
package struct Settings: Sendable {
    /// The settings' names.
    package static let keys = [
        "TRANCHE_INVENTORY", "TRANCHE_META_DB", "TRANCHE_TABLE", "TRANCHE_SCHEMA", "TRANCHE_WORKER",
        "TRANCHE_LOCK_TIMEOUT", "TRANCHE_MAX_CONNECTIONS", "TRANCHE_RETRY_LIMIT", "TRANCHE_SINK",
        "TRANCHE_WEBHOOK_SECRET", "TRANCHE_WEBHOOK_AUTHORIZATION",
    ]

    /// The environment, where what connects to other systems is looked up.
    let environment: [String: String]
    private var values: [String: (text: String, origin: String)] = [:]

    /// Gathers settings.
    ///
    /// - Parameters:
    ///   - arguments: The command's arguments.
    ///   - environment: The environment.
    /// - Throws: ``UsageError``.
    init(_ arguments: Arguments, environment: [String: String]) throws {
        self.environment = environment
        let variable = environment["TRANCHE_ENV_FILE"].flatMap { $0.isEmpty ? nil : $0 }
        if let file = arguments.text("env-file") ?? variable {
            let origin = arguments.has("env-file") ? "--env-file" : "TRANCHE_ENV_FILE"
            for entry in try Self.entries(of: file, namedBy: origin) {
                values[entry.key] = (entry.value, "\(entry.key) in \(file), line \(entry.line)")
            }
        }
        for key in Self.keys {
            if let text = environment[key], !text.isEmpty { values[key] = (text, key) }
        }
        for (flag, key) in [("inventory", "TRANCHE_INVENTORY"), ("meta-db", "TRANCHE_META_DB")] {
            guard let text = arguments.text(flag) else { continue }
            guard !holdsPassword(text) else {
                throw UsageError(
                    "--\(flag) holds a password, which everyone on this machine could read; "
                        + "put the URL into \(key) or into a file that --env-file names"
                )
            }
            values[key] = (text, "--\(flag)")
        }
    }

    private static func entries(of file: String, namedBy origin: String) throws -> [Dotenv.Entry] {
        let bytes: [UInt8]
        do {
            bytes = try FileContents.bytes(of: file) ?? []
        } catch {
            throw UsageError("cannot read the file '\(file)' that \(origin) names: \(error)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw UsageError("the file '\(file)' that \(origin) names is not UTF-8")
        }
        let entries = try Dotenv(text, file: file).entries.filter { $0.key.hasPrefix("TRANCHE_") }
        for entry in entries where !keys.contains(entry.key) {
            let nearest = NearestName(keys).to(entry.key).map { "; did you mean \($0)?" }
            let list = "; there are \(keys.joined(separator: ", "))"
            throw UsageError(
                "\(file), line \(entry.line): unknown setting \(entry.key)\(nearest ?? list)"
            )
        }
        return entries
    }

    // MARK: - Databases

    /// Where the inventory is.
    var inventory: DatabaseSpec {
        get throws {
            guard let spec = try database("TRANCHE_INVENTORY") else {
                throw UsageError(
                    "no inventory is configured; set TRANCHE_INVENTORY or give --inventory, "
                        + "such as sqlite:inventory.db"
                )
            }
            return spec
        }
    }

    /// Takes the inventory that a file names, unless a flag, the environment or the file of
    /// settings names one.
    ///
    /// - Parameters:
    ///   - url: Finds where it is.
    ///   - origin: What names it, for messages.
    /// - Throws: What `url` throws.
    mutating func use(inventory url: () throws -> String, from origin: String) throws {
        if values["TRANCHE_INVENTORY"] == nil {
            values["TRANCHE_INVENTORY"] = (try url(), origin)
        }
    }

    /// Where the items are; `nil` when they are beside the inventory.
    var metaDatabase: DatabaseSpec? {
        get throws {
            guard let spec = try database("TRANCHE_META_DB") else { return nil }
            return try Self.database(spec) == Self.database(inventory) ? nil : spec
        }
    }

    /// The database of tables; `nil` when they are beside the inventory.
    var tables: SourceDatabase? {
        get throws { try metaDatabase.map { try Self.database($0) } }
    }

    /// Where `tranche load` writes to, and where that is said; `nil` when it is nowhere.
    var sink: (text: String, origin: String)? { values["TRANCHE_SINK"] }

    /// The variables for connections: the environment, and those of the file of settings.
    var credentials: Credentials {
        var variables = environment
        for key in ["TRANCHE_WEBHOOK_SECRET", "TRANCHE_WEBHOOK_AUTHORIZATION"] {
            if let value = values[key] { variables[key] = value.text }
        }
        return Credentials(variables)
    }

    /// The context in which sources and sinks are opened.
    var connecting: ConnectorContext {
        get throws { ConnectorContext(credentials: credentials, database: try metaDatabase) }
    }

    // MARK: - Behaviour

    /// How the inventory's store is opened.
    var store: StoreConfiguration {
        get throws {
            var store = StoreConfiguration(missingSchema: .refuse)
            if let table = values["TRANCHE_TABLE"] { store.table = table.text }
            if let schema = values["TRANCHE_SCHEMA"] { store.schema = schema.text }
            store.lockTimeout =
                try value("TRANCHE_LOCK_TIMEOUT", parseDuration) ?? store.lockTimeout
            store.maxConnections =
                try value("TRANCHE_MAX_CONNECTIONS") { try parseCount($0) } ?? store.maxConnections
            return store
        }
    }

    /// The worker's name that the environment or the file of settings gives; `nil` where neither
    /// does.
    var worker: String? {
        values["TRANCHE_WORKER"].flatMap { $0.text.isEmpty ? nil : $0.text }
    }

    /// How the inventory behaves.
    ///
    /// - Parameters:
    ///   - worker: The name under which batches are held.
    ///   - retryLimit: How long requests are repeated where the user says nothing.
    /// - Returns: The configuration.
    /// - Throws: ``UsageError`` for a setting that cannot be read.
    func configuration(
        worker: String? = nil,
        retryLimit: Duration? = nil
    ) throws -> Inventory.Configuration {
        var configuration = Inventory.Configuration(store: try store)
        if let worker = worker ?? values["TRANCHE_WORKER"]?.text { configuration.worker = worker }
        configuration.retryLimit =
            try value("TRANCHE_RETRY_LIMIT", parseDuration) ?? retryLimit
            ?? configuration.retryLimit
        configuration.probers = probers
        return configuration
    }

    private func database(_ key: String) throws -> DatabaseSpec? {
        guard let (text, origin) = values[key] else { return nil }
        return try SpecOptions.database(from: origin).named {
            let spec = try DatabaseSpec(text, passwords: .hidden)
            _ = try Self.database(spec)
            return spec
        }
    }

    /// The prober that asks the probes; `nil` as a database's URL is the inventory.
    var probers: [any Prober] {
        let settings = self
        return [
            HTTPProber(),
            SQLProber { url in
                try Self.database(try url.map { try DatabaseSpec($0) } ?? settings.inventory)
            },
        ]
    }

    private static func database(_ spec: DatabaseSpec) throws -> SourceDatabase {
        try Connectors.ofProgram.sqlConnector(of: spec).database(spec)
    }

    private func value<Value>(_ key: String, _ parse: (String) throws -> Value) throws -> Value? {
        guard let (text, origin) = values[key] else { return nil }
        do {
            return try parse(text)
        } catch let error as ValueError {
            throw UsageError("\(origin): \(error.message)")
        }
    }
}
