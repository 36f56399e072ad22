import FoundationEssentials
import Synchronization
public import Tranche
import TrancheHTTP

/// Sends events to a server by HTTP: a request for each batch, or for each event.
///
/// A batch is an object with `job`, `run`, `batch`, `id_start`, `id_end` and `events`, however many
/// events it has; with ``Settings/sendsEach`` each event is a request, its JSON as it is. Whatever
/// else belongs to a request is as for `WebhookSink`: `Idempotency-Key` says which it is and says
/// so again when it is tried again, a secret signs it, and a receiver that answers 429 or 503 with
/// `Retry-After` is waited for.
public struct WebhookProcess: EventProcess {
    /// The name in the graph.
    public let name: String
    private let settings: Settings
    private let environment: [String: String]
    private let sinks = KnownSink()

    /// Where and how.
    public struct Settings: Sendable, Hashable {
        /// An http or https URL.
        public var url: RemoteValue
        /// Whether each event is a request; false by default.
        public var sendsEach = false
        /// Whether requests are PUT rather than POST; false by default.
        public var usesPUT = false
        /// Further header fields.
        public var headers: [String: RemoteValue] = [:]
        /// The secret of signatures; no signatures by default.
        public var secret: RemoteValue?
        /// How long a request may wait while nothing comes; a minute by default.
        public var timeout = Duration.seconds(60)
        /// The budget that is parked when the receiver asks to come back later; `nil` (the default)
        /// waits.
        public var budget: String?

        /// Describes where events go.
        public init(url: RemoteValue) { self.url = url }

        /// Refuses what cannot be, without reading what is elsewhere.
        func check() throws {
            if case .literal(let url) = url {
                if holdsPassword(url) {
                    throw TrancheError(
                        .invalidArgument,
                        "the url holds a password, which may not stand here; give url: {env: NAME} "
                            + "or {file: PATH}"
                    )
                }
                if let name = SecretNames.parameter(in: url) {
                    throw TrancheError(
                        .invalidArgument,
                        "the url's '\(name)' sounds secret, and may not stand here; give url: "
                            + "{env: NAME} or {file: PATH}"
                    )
                }
                _ = try WebhookSink(url)
            }
            guard timeout > .zero else {
                throw TrancheError(.invalidArgument, "the timeout is 0; give how long to wait")
            }
            if case .literal = secret { throw RemoteValue.isSecret("secret") }
            for (name, value) in headers {
                guard !name.isEmpty, name.utf8.allSatisfy(RemoteValue.isOfHeaders) else {
                    throw TrancheError(
                        .invalidArgument,
                        "'\(name)' is not the name of a header field"
                    )
                }
                let variable = name.split(separator: "-").joined(separator: "_")
                guard case .literal(let text) = value else { continue }
                guard !ContainerVariable.soundsSecret(variable) else {
                    throw RemoteValue.isSecret(name)
                }
                guard !text.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else {
                    throw TrancheError(.invalidArgument, "'\(name)' holds a line's end")
                }
            }
        }
    }

    /// The sink that was made last, so that its connections are used again.
    private final class KnownSink: Sendable {
        private struct Wanted: Hashable {
            var url: String
            var secret: String?
            var headers: [String: String]
        }

        private let last = Mutex<(Wanted, WebhookSink)?>(nil)

        /// The sink of settings, whose values are read now.
        func sink(
            _ settings: Settings,
            _ environment: [String: String]
        ) throws -> WebhookSink {
            let wanted = Wanted(
                url: try settings.url.value("url", environment),
                secret: try settings.secret?.value("secret", environment),
                headers: try settings.headers.reduce(into: [:]) { headers, header in
                    headers[header.key] = try header.value.value(header.key, environment)
                }
            )
            if let (known, sink) = last.withLock({ $0 }), known == wanted { return sink }
            var configuration = WebhookSink.Configuration()
            configuration.usesPUT = settings.usesPUT
            configuration.headers = wanted.headers
            configuration.secret = wanted.secret
            configuration.timeout = settings.timeout
            configuration.budget = settings.budget
            let sink = try WebhookSink(wanted.url, configuration)
            last.withLock { $0 = (wanted, sink) }
            return sink
        }
    }

    /// Makes a process.
    ///
    /// - Parameters:
    ///   - name: The name in the graph.
    ///   - settings: Where and how.
    ///   - environment: The variables that values may be in, read for each batch.
    /// - Throws: `TrancheError` `.invalidArgument` for what cannot be.
    public init(
        _ name: String,
        _ settings: Settings,
        environment: [String: String]
    ) throws {
        self.name = name
        self.settings = settings
        self.environment = environment
        try settings.check()
    }

    /// Nothing: a webhook says by ``verdict(on:)`` how it ended.
    public func run(_ events: EventBatch) async throws -> ProcessResult {
        throw TrancheError(.invalidArgument, "a webhook says by its verdict how it ended")
    }

    /// Sends the events.
    public func verdict(on events: EventBatch) async throws -> BatchVerdict {
        do {
            let sink = try sinks.sink(settings, environment)
            let bodies = try settings.sendsEach ? each(of: events) : [whole(events)]
            let progress = events.progress
            let complaints = try await sink.send(
                bodies,
                for: events.batch.record,
                in: events.batch.inventory.store,
                sent: { progress.report() },
                retried: retries(of: events)
            )
            if !complaints.isEmpty { return .failed(try await refusal(complaints, events)) }
            return .succeeded(BatchSuccess(result: #"{"requests_sent":\#(bodies.count)}"#))
        } catch let error as TrancheError where error.isLoss {
            throw error
        } catch let deferral as BatchDeferral {
            return .deferred(deferral)
        } catch {
            if Task.isCancelled { return .released() }
            var failure = BatchFailure(error)
            failure.isFinal = (error as? any CategorizedError)?.category == .permanent
            // What is not set yet may be set by the next attempt.
            if (error as? TrancheError)?.code == .accessRefused { failure.isFinal = false }
            return .failed(failure)
        }
    }

    /// What is called when a request of an attempt is about to be sent again: the first is told, so
    /// that nobody wonders why nothing happens meanwhile.
    private func retries(of events: EventBatch) -> @Sendable (String, Duration) -> Void {
        let tell = events.tell
        let isTold = Mutex(false)
        return { fault, wait in
            let isFirst = isTold.withLock { isTold in
                defer { isTold = true }
                return !isTold
            }
            guard isFirst else { return }
            tell("\(fault); the request is sent again in \(wait.words)")
        }
    }

    private func whole(_ events: EventBatch) throws -> (names: [String], body: [UInt8]) {
        let batch = events.batch.record
        var body = Array("{\"job\":".utf8)
        JSONBytes.append(batch.key.job.utf8, to: &body)
        body += ",\"run\":".utf8
        JSONBytes.append(batch.key.run.utf8, to: &body)
        body += ",\"batch\":\(batch.id),\"id_start\":\(batch.idStart)".utf8
        body += ",\"id_end\":\(batch.idEnd),\"events\":[".utf8
        body += try events.events.map { try $0.json }.joined(separator: ",").utf8
        body += "]}".utf8
        return ([String(batch.id), String(batch.idStart), String(batch.idEnd)], body)
    }

    private func each(of events: EventBatch) throws -> [(names: [String], body: [UInt8])] {
        try zip(events.numbers, events.events).map { number, event in
            (["event", String(number)], Array(try event.json.utf8))
        }
    }

    /// A failure: events that were refused are quarantined, each apart.
    private func refusal(
        _ complaints: [Int: String],
        _ events: EventBatch
    ) async throws -> BatchFailure {
        let count = complaints.count
        let first = complaints.min { $0.key < $1.key }?.value ?? ""
        let error = TrancheError(
            .sinkFailed,
            settings.sendsEach && count > 1
                ? "\(count) events were refused, such as: \(first)" : first
        )
        guard settings.sendsEach else {
            var failure = BatchFailure(error)
            failure.isFinal = true
            return failure
        }
        let reasons = complaints.map { (events.numbers[$0.key], $0.value) }
        return try await events.batch.failure(
            error,
            reasons: Dictionary(reasons) { first, _ in first }
        )
    }
}

/// Where a value comes from that may be secret.
public enum RemoteValue: Sendable, Hashable {
    /// The value itself.
    case literal(String)
    /// A variable of this process.
    case variable(String)
    /// The content of a file, without the line breaks at its end.
    case file(String)

    /// The value.
    ///
    /// - Throws: `TrancheError` `.accessRefused` for what is not there; it does not show the value.
    func value(_ name: String, _ environment: [String: String]) throws -> String {
        switch self {
        case .literal(let text): return text
        case .variable(let variable):
            guard let value = environment[variable], !value.isEmpty else {
                throw TrancheError(
                    .accessRefused,
                    "\(variable) is not set, and '\(name)' is to be what it says; set it"
                )
            }
            return value
        case .file(let path):
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                // Why it cannot be read is not needed to know what to do.
                throw TrancheError(
                    .accessRefused,
                    "the file '\(path)', which '\(name)' names, cannot be read as text"
                )
            }
            return String(text.reversed().drop(while: \.isNewline).reversed())
        }
    }

    static func isSecret(_ name: String) -> TrancheError {
        TrancheError(
            .invalidArgument,
            "'\(name)' is a secret, which may not stand here; give \(name): {env: NAME} or {file: "
                + "PATH}"
        )
    }

    /// Whether a byte is one of a header field's name; RFC 9110, section 5.6.2.
    static func isOfHeaders(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
            || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}

extension RemoteValue: Decodable {
    /// Reads a text, `{"env": NAME}` or `{"file": PATH}`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            // Whatever it is else is told below.
            self = .literal(text)
            return
        }
        let members = try container.decode([String: String].self)
        switch (members.count, members["env"], members["file"]) {
        case (1, let name?, nil) where !name.isEmpty: self = .variable(name)
        case (1, nil, let path?) where !path.isEmpty: self = .file(path)
        default:
            throw TrancheError(
                .invalidArgument,
                "is neither a text nor {env: NAME} nor {file: PATH}"
            )
        }
    }
}
