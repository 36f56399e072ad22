import Tranche
import TrancheConnectors
import TrancheWorkflows

extension PipelineTypes {
    static func webhook(
        _ settings: PartSettings,
        _ environment: [String: String]
    ) -> (any EventProcess)? {
        let hasURL = settings.require("url", "a URL, {env: NAME} or {file: PATH}")
        let url = settings.value("url", as: RemoteValue.self)
        let method = settings.choice("method", of: ["POST", "PUT"])
        let headers = settings.value("headers", as: [String: RemoteValue].self)
        let secret = settings.value("secret", as: RemoteValue.self)
        let sendsEach = settings.flag("each")
        let timeout = settings.duration("timeout")
        let budget = settings.optionalText("budget")
        guard hasURL, let url else { return nil }
        var wanted = WebhookProcess.Settings(url: url)
        wanted.sendsEach = sendsEach
        wanted.usesPUT = method == "PUT"
        wanted.headers = headers ?? [:]
        wanted.secret = secret
        wanted.timeout = timeout ?? wanted.timeout
        wanted.budget = budget
        do {
            return try WebhookProcess(settings.name, wanted, environment: environment)
        } catch {
            settings.fault("\(error)", key: "url")
            return nil
        }
    }

    static func chain(
        _ settings: PartSettings,
        _ connectors: Connectors,
        _ context: ConnectorContext
    ) -> (any EventProcess)? {
        let hasSink = settings.require("sink", "where the records go")
        let sink = settings.value("sink", as: SinkSpec.self)
        let records = settings.choice("records", of: ChainProcess.Records.allCases.map(\.rawValue))
            .flatMap { ChainProcess.Records(rawValue: $0) }
        let reading = settings.value("reading", as: [String: SpecValue].self)
        let steps = settings.value("steps", as: [WorkflowStep].self)
        let promises = [DeliveryPromise.idempotent, .atLeastOnce, .transactional]
        let promise = settings.choice("promise", of: promises.map(\.rawValue))
            .flatMap { DeliveryPromise(rawValue: $0) }
        let most = settings.integer("max_rejects", in: 0...1_000_000_000)
        if reading != nil, records != .file {
            settings.fault("'reading' goes with 'records: file'", key: "reading")
        }
        guard hasSink, let sink, let records, let promise else { return nil }
        var wanted = ChainProcess.Settings(into: sink)
        wanted.records = records
        wanted.reading = reading ?? [:]
        wanted.steps = steps ?? []
        wanted.promise = promise
        wanted.maxRejects = most.map { Int($0) }
        do {
            return try ChainProcess(settings.name, wanted, connectors, context)
        } catch {
            let key = (error as? SpecError)?.field.first ?? "sink"
            settings.fault("\(FieldWords.error(error))", key: key)
            return nil
        }
    }

    static func workflow(
        _ settings: PartSettings,
        _ connectors: Connectors,
        _ context: ConnectorContext,
        _ options: WorkflowOptions
    ) -> (any EventProcess)? {
        let path = settings.optionalText("file")
        let json = settings.optionalJSON("workflow")
        let per = settings.choice("per", of: ["event", "batch"])
        let reads = settings.choice("reads", of: ["source", "file"])
        let parameters = settings.textMap("parameters")
        let waits = settings.has("wait") ? settings.flag("wait") : true
        guard (path == nil) != (json == nil) else {
            settings.fault("give a workflow, or the file of one", key: "workflow")
            return nil
        }
        let key = path == nil ? "workflow" : "file"
        do {
            let workflow =
                try path.map { try Workflow(contentsOf: $0) } ?? Workflow(json: json ?? "")
            var wanted = WorkflowProcess.Settings(workflow)
            wanted.isPerBatch = per == "batch"
            wanted.readsFile = reads == "file"
            wanted.parameters = parameters
            wanted.waits = waits
            return try WorkflowProcess(settings.name, wanted, connectors, context, options)
        } catch {
            settings.fault("\(FieldWords.error(error))", key: key)
            return nil
        }
    }
}

extension PartSettings {
    /// Says that a key has to be there, where it is not.
    fileprivate func require(_ key: String, _ what: String) -> Bool {
        if has(key) { return true }
        fault("'\(key)' is missing; give \(what)", key: key)
        return false
    }
}
