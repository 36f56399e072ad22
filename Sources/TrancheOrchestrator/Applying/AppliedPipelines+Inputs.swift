import Tranche

/// An input of an applied pipeline.
package struct AppliedInput: Sendable, Hashable {
    /// Its name.
    package let name: String
    /// Its type, such as `postgresql`.
    package let type: String
    /// The pipeline.
    package let pipeline: String
}

extension AppliedPipelines {
    /// Finds the schedule that an applied pipeline has under a name.
    ///
    /// - Parameter name: The input's name.
    /// - Returns: The schedule, and the pipeline; `nil` where no applied pipeline has such an
    ///   input.
    /// - Throws: `TrancheError` `.invalidArgument` for an input of another type; of the store.
    package func schedule(
        named name: String
    ) async throws -> (input: ScheduleInput, pipeline: String)? {
        for record in try await inventory.pipelines() {
            guard let kept = record.text else { continue }
            let root = try YAMLDocument(text: kept, file: "the applied pipeline").root
            guard let node = root["inputs"]?[name] else { continue }
            guard Self.text(node["type"]) == "schedule", let cron = Self.text(node["cron"]) else {
                throw TrancheError(
                    .invalidArgument,
                    "the input '\(name)' of pipeline '\(record.name)' is no schedule: an event "
                        + "can be given by hand for a schedule only"
                )
            }
            let schedule = try CronSchedule(cron, zone: Self.text(node["zone"]) ?? "UTC")
            return (ScheduleInput(name, schedule: schedule), record.name)
        }
        return nil
    }

    /// The inputs of the applied pipelines, by name; one that several have is there once.
    ///
    /// - Returns: The inputs.
    /// - Throws: `TrancheError` of the store.
    package func inputs() async throws -> [AppliedInput] {
        var inputs: [String: AppliedInput] = [:]
        for record in try await inventory.pipelines() {
            guard let kept = record.text else { continue }
            let root = try YAMLDocument(text: kept, file: "the applied pipeline").root
            guard case .mapping(let entries)? = root["inputs"]?.value else { continue }
            for entry in entries where inputs[entry.key] == nil {
                inputs[entry.key] = AppliedInput(
                    name: entry.key,
                    type: Self.text(entry.value["type"]) ?? "",
                    pipeline: record.name
                )
            }
        }
        return inputs.values.sorted { $0.name < $1.name }
    }

    private static func text(_ node: YAMLNode?) -> String? {
        guard case .scalar(let scalar)? = node?.value else { return nil }
        return scalar.text
    }
}
