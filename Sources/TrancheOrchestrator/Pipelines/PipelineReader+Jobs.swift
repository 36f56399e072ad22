import Tranche
import TrancheConnectors
import TrancheWorkflows

/// The jobs of a pipeline's file.
extension PipelineReader {
    /// The members of a workflow that a file names otherwise.
    private static let names: [(inFile: String, inWorkflow: String)] = [
        ("command", "program"), ("process", "handler"),
    ]

    /// Jobs by their names: what a workflow says, with the job's name outside.
    var jobs: FieldKind<[Workflow]> {
        FieldKind<[Workflow]>("a mapping from names to jobs") { place in
            let nodes = FieldKind.map(of: FieldKind<YAMLNode>.node).convert(place) ?? []
            let jobs = nodes.map { name, node in job(name, place.child(name, node)) }
            let right = jobs.compactMap { $0 }
            let runs = right.map { "\($0.job)\n\($0.run)" }
            for (index, run) in runs.enumerated() where runs[..<index].contains(run) {
                place.child(nodes[index].key, nodes[index].value)
                    .fault("two jobs have the same 'job' and 'run'; give one of them another 'run'")
            }
            return right.count == jobs.count ? right : nil
        }
    }

    private func job(_ name: String, _ place: FieldPlace) -> Workflow? {
        guard case .mapping(let entries) = place.node.value else {
            return FieldKind<Workflow>.refuse(place, "a mapping")
        }
        if place.node["command"] != nil, place.node["program"] != nil {
            place.fault("'command' and 'program' mean the same; give one of them")
            return nil
        }
        if let node = place.node["handler"], !isCallers(node) {
            place.child("handler", node)
                .fault(
                    "a job of a pipeline runs a process of it; give 'process', or "
                        + "'handler: \(Workflow.callers)' for callers of the server"
                )
            return nil
        }
        if let node = place.node["process"], isCallers(node) {
            place.child("process", node)
                .fault("the name is kept for callers of the server; name the process otherwise")
            return nil
        }
        if let node = place.node["parameters"], place.node["process"] != nil {
            place.child("parameters", node)
                .fault("'parameters' go with a 'command': a process has its own settings")
            return nil
        }
        var members = entries.filter { !$0.value.isNull }.map { entry in
            let key = Self.names.first { $0.inFile == entry.key }?.inWorkflow ?? entry.key
            return YAMLEntry(key: key, mark: entry.mark, value: entry.value)
        }
        if !members.contains(where: { $0.key == "job" }) {
            let own = YAMLNode.Value.scalar(YAMLScalar(text: name, isPlain: false))
            let node = YAMLNode(mark: place.node.mark, value: own)
            members.append(YAMLEntry(key: "job", mark: place.node.mark, value: node))
        }
        return workflow(of: members, place)
    }

    /// The members that others do not depend on, so that a wrong one hides nothing.
    private static let apart: Set<String> = [
        "weight", "count", "workers", "prefetch", "parallelism", "per_key", "budgets", "share",
        "priority", "rest", "policy", "timeout", "idle", "snapshots", "parameters",
    ]

    /// Makes a workflow of members; says all that is wrong with those that stand apart, and the
    /// first fault of others.
    private func workflow(of members: [YAMLEntry], _ place: FieldPlace) -> Workflow? {
        var members = members
        var isRight = true
        while true {
            let whole = YAMLNode(mark: place.node.mark, value: .mapping(members))
            do {
                let workflow = try Workflow(json: whole.json(file: place.faults.file))
                try types.checkJob?(workflow)
                return isRight ? workflow : nil
            } catch let error as SpecError {
                // What is taken out is not missing.
                if !isRight, error.code == .missing { return nil }
                Self.fault(error, within: place)
                let left = members.filter { $0.key != error.field.first }
                guard let key = error.field.first, left.count < members.count,
                    Self.apart.contains(key)
                        || error.code == .unknownField && error.field.count == 1
                else { return nil }
                (members, isRight) = (left, false)
            } catch {
                if isRight { place.fault("\(FieldWords.error(error))") }
                return nil
            }
        }
    }

    private func isCallers(_ node: YAMLNode) -> Bool {
        if case .scalar(let scalar) = node.value { scalar.text == Workflow.callers } else { false }
    }

    /// Says what is wrong with a field within a value, where the field stands.
    private static func fault(_ error: SpecError, within place: FieldPlace) {
        var (place, rest) = (place, error.field[...])
        while let key = rest.first {
            let inFile = names.first { $0.inWorkflow == key }?.inFile
            let name = place.node[key] == nil ? inFile ?? key : key
            guard let node = child(name, of: place.node) else { break }
            place = place.child(name, node)
            rest = rest.dropFirst()
        }
        place.fault(
            error.text { path in
                path.map { field in
                    names.first { $0.inWorkflow == field && field != "program" }?.inFile ?? field
                }.joined(separator: ".")
            }
        )
    }

    private static func child(_ key: String, of node: YAMLNode) -> YAMLNode? {
        if let place = Int(key), case .sequence(let items) = node.value {
            return items.indices.contains(place) ? items[place] : nil
        }
        return node[key]
    }

    /// Finds jobs that run a process which is not there, and takes the others into the graph.
    func checkProcesses(
        ofJobs jobs: [Workflow],
        _ graph: inout PipelineGraph,
        _ fields: FieldReader
    ) {
        for job in jobs {
            guard let process = job.process else { continue }
            do {
                try graph.add(job: job.job, by: process)
            } catch {
                let nearest =
                    NearestName(graph.processes).to(process)
                    .map { "; did you mean '\($0)'?" } ?? ""
                place(ofProcess: process, fields).fault("\(error)\(nearest)")
            }
        }
    }

    /// Where a job first names a process.
    private func place(ofProcess process: String, _ fields: FieldReader) -> FieldPlace {
        guard let jobs = fields.place.node["jobs"], case .mapping(let entries) = jobs.value else {
            return fields.place
        }
        let section = fields.place.child("jobs", jobs)
        for entry in entries {
            guard let node = entry.value["process"], case .scalar(let scalar) = node.value,
                scalar.text == process
            else { continue }
            return section.child(entry.key, entry.value).child("process", node)
        }
        return section
    }
}
