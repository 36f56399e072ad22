import Tranche
import TrancheOrchestrator

extension InputCommand {
    /// Takes out what an input has installed, after a question where events are lost.
    ///
    /// - Throws: ``UsageError`` where nobody can be asked; `TrancheError` `.invalidSource` where
    ///   nothing is installed.
    func remove(
        _ input: any InstallableInput,
        of pipeline: Pipeline,
        _ file: PipelineFile,
        _ context: Context
    ) async throws -> ProgramStatus {
        guard let lost = try await lost(input, of: pipeline, file, context) else {
            throw TrancheError(
                .invalidSource,
                "nothing records for '\(input.name)', and there is no log of it: nothing is removed"
            )
        }
        let what =
            "what records for '\(input.name)', and its log"
            + (lost.isEmpty ? "" : " with \(lost.joined(separator: " and "))")
        if consent.isDryRun {
            return try say("would remove \(what)", input, context)
        }
        if !lost.isEmpty, !consent.isSure {
            let question = "this removes \(what), for good"
            guard let isWanted = try await context.confirm(question) else {
                throw UsageError("\(question): say so with --yes, or look with --dry-run")
            }
            guard isWanted else {
                try context.note("nothing was changed")
                return .failed
            }
        }
        try await input.remove()
        return try say("nothing records for '\(input.name)' any more", input, context)
    }

    /// What is lost with the log of an input; `nil` where nothing is installed.
    private func lost(
        _ input: any InstallableInput,
        of pipeline: Pipeline,
        _ file: PipelineFile,
        _ context: Context
    ) async throws -> [String]? {
        guard let input = input as? PostgreSQLInput else {
            return try await input.installation() == nil ? nil : []
        }
        do {
            let context = try context.using(pipeline, in: file)
            return try await context.withInventory { try await input.unread(for: $0) }
        } catch let error as CancellationError {
            throw error
        } catch {
            try context.note(
                "which jobs still need events is not known: \(redacted("\(error)"))",
                .warning
            )
            // What the inventories noted when they last cleaned, the log's database tells.
            return try await input.unread(for: nil)
        }
    }

    private func say(
        _ line: String,
        _ input: any InstallableInput,
        _ context: Context
    ) throws -> ProgramStatus {
        try context.write(InstallationDocument(input: input.name, lines: [line])) { line + "\n" }
        return .done
    }
}
