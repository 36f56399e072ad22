public import FoundationEssentials
import Synchronization
import Tranche

/// Runs one container for one batch.
///
/// The container's name is the lock: of two workers that hold a batch one after the other, only the
/// later one has a container at work on an engine.
public struct ContainerProgram: Sendable {
    /// The container's settings.
    public let settings: ContainerSettings
    private let place: Place
    private let environment: [String: String]
    private let copy: @Sendable ([UInt8]) -> Void

    /// Describes what is run, and where.
    ///
    /// - Parameters:
    ///   - settings: What is run.
    ///   - engine: Where; by default found as ``ContainerAddress`` says, when it first runs.
    ///   - environment: The variables that may be passed on; this process's by default.
    ///   - copy: Given whole lines of standard output, and standard error as it comes, of a
    ///     container that this run began; kept by nobody by default.
    /// - Throws: `SpecError` for settings that cannot be.
    public init(
        _ settings: ContainerSettings,
        on engine: ContainerEngine? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        copy: @escaping @Sendable ([UInt8]) -> Void = { _ in }
    ) throws {
        try settings.validate()
        self.settings = settings
        place = Place(engine)
        self.environment = environment
        self.copy = copy
    }

    /// Runs a container to its end, or goes on with the one that is at work under this attempt.
    ///
    /// One that ended with 0 or was cut short is removed; one that failed stays until the next
    /// attempt, or ``ContainerEngine/reap(inventory:older:now:stopTimeout:isHeld:)``, removes it.
    /// Cancelled, the container is stopped and removed, and its end told.
    ///
    /// - Parameters:
    ///   - work: What it works on.
    ///   - progress: Receives each piece that the program writes.
    /// - Returns: How it ended, whatever the exit code.
    /// - Throws: ``ContainerError``; `SpecError` for a variable that cannot be had; what writing
    ///   the input or the heartbeat throws; `CancellationError` when there was no container yet.
    public func run(
        _ work: ContainerWork,
        progress: @escaping @Sendable () -> Void = {}
    ) async throws -> ContainerEnd {
        let engine = try engine()
        let run = ContainerRun(
            work: work,
            settings: settings,
            engine: engine,
            document: try document(for: work),
            progress: progress,
            copy: copy
        )
        if settings.pull == .always { try await engine.pull(settings.image) }
        do {
            return try await run.run()
        } catch let error as ContainerError
            where error.code == .imageUnknown && settings.pull == .missing
        {
            try await engine.pull(settings.image)
            return try await run.run()
        }
    }

    /// The engine, found where it was not yet.
    ///
    /// - Throws: `SpecError` where there is none.
    func engine() throws -> ContainerEngine {
        try place.engine(settings.socket, environment)
    }

    /// Where containers are run: found once, when one is.
    private final class Place: Sendable {
        private let known: Mutex<ContainerEngine?>

        init(_ engine: ContainerEngine?) { known = Mutex(engine) }

        func engine(
            _ socket: String?,
            _ environment: [String: String]
        ) throws -> ContainerEngine {
            try known.withLock { known in
                if let known { return known }
                let address = try ContainerAddress.find(socket, environment: environment)
                let engine = ContainerEngine(address)
                known = engine
                return engine
            }
        }
    }

    /// What the engine is told to create.
    func document(for work: ContainerWork) throws -> ContainerDocument {
        var labels = settings.labels
        labels[ContainerLabel.inventory] = work.inventory
        labels[ContainerLabel.batch] = String(work.batch)
        labels[ContainerLabel.attempt] = String(work.attempt)
        labels[ContainerLabel.worker] = work.worker
        labels[ContainerLabel.lease] = work.lease?.utcText
        labels[ContainerLabel.input] = work.input.label
        return ContainerDocument(
            image: settings.image,
            entrypoint: settings.command,
            cmd: settings.arguments,
            env: try variables(for: work).map { "\($0.key)=\($0.value)" }.sorted(),
            user: settings.user,
            labels: labels,
            openStdin: work.input.isStreamed,
            stdinOnce: work.input.isStreamed,
            attachStdin: work.input.isStreamed,
            stopTimeout: settings.stopSeconds,
            hostConfig: .init(
                networkMode: settings.network,
                memory: settings.memory,
                nanoCpus: settings.cpus.map { ($0 * 1e9).nearestInteger },
                mounts: settings.mounts.map { mount in
                    .init(source: mount.source, target: mount.target, readOnly: !mount.isWritable)
                }
            )
        )
    }

    private func variables(for work: ContainerWork) throws -> [String: String] {
        var variables: [String: String] = [:]
        for (name, variable) in settings.env {
            variables[name] = try variable.value(of: name, in: environment)
        }
        variables.merge(work.variables) { _, own in own }
        variables["TRANCHE_FENCE"] = work.fence
        if let event = try work.input.variable() { variables["PIPELINE_EVENT"] = event }
        return variables
    }
}

extension ContainerSettings {
    /// The time between SIGTERM and SIGKILL as the engine takes it.
    var stopSeconds: Int { Int(stopTimeout.seconds.rounded(.up)) }
}
