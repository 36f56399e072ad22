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
            let root = try YAMLDocument(kept: kept).root
            guard let node = root["inputs"]?[name] else { continue }
            guard let schedule = try CronSchedule(kept: node) else {
                throw TrancheError(
                    .invalidArgument,
                    "the input '\(name)' of pipeline '\(record.name)' is no schedule: an event "
                        + "can be given by hand for a schedule only"
                )
            }
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
            let root = try YAMLDocument(kept: kept).root
            guard case .mapping(let entries)? = root["inputs"]?.value else { continue }
            for entry in entries where inputs[entry.key] == nil {
                inputs[entry.key] = AppliedInput(
                    name: entry.key,
                    type: entry.value["type"]?.scalarText ?? "",
                    pipeline: record.name
                )
            }
        }
        return inputs.values.sorted { $0.name < $1.name }
    }
}

extension CronSchedule {
    /// Reads the schedule of an input as an inventory keeps it; `nil` for an input of another type.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`.
    init?(kept node: YAMLNode) throws {
        guard node["type"]?.scalarText == "schedule", let cron = node["cron"]?.scalarText else {
            return nil
        }
        try self.init(cron, zone: node["zone"]?.scalarText ?? "UTC")
    }
}

extension YAMLNode {
    /// The text of a scalar; `nil` for a list and a mapping.
    fileprivate var scalarText: String? {
        guard case .scalar(let scalar) = value else { return nil }
        return scalar.text
    }
}
