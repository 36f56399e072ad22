import FoundationEssentials
import Tranche
import TrancheConnectors
import TrancheHTTP

/// Moves, removes or marks the files of a batch on whose events another process has succeeded.
struct AfterLoadProcess: EventProcess {
    let after: AfterLoad
    /// The job whose completions it runs on.
    let upstream: String
    /// The link of that job.
    let link: Link
    let input: any Input
    let keeper = FileKeeper()
    /// The credentials for stores of objects.
    let credentials: Credentials

    var name: String { Link.after }

    func run(_ events: EventBatch) async throws -> ProcessResult {
        var count = 0
        var faults: [TrancheError] = []
        for completion in events.events {
            for (number, event) in try await self.events(of: completion, events.batch.inventory) {
                do {
                    try await keep(event, number, events.batch.record)
                    count += 1
                } catch let error as TrancheError {
                    // The others are kept all the same.
                    faults.append(error)
                }
                events.progress.report()
            }
        }
        guard let fault = faults.first(where: { $0.category == .transient }) ?? faults.first else {
            return ProcessResult(result: #"{"\#(after.name)":\#(count)}"#)
        }
        guard faults.count > 1 else { throw fault }
        throw TrancheError(
            fault.code,
            "\(faults.count) files of \(faults.count + count): "
                + faults.prefix(10).map(\.message).joined(separator: "; "),
            underlying: fault
        )
    }

    /// What somebody has to mend is tried once.
    func verdict(on events: EventBatch) async throws -> BatchVerdict {
        do {
            return .succeeded(BatchSuccess(result: try await run(events).result))
        } catch let error as TrancheError where error.isLoss {
            throw error
        } catch {
            if Task.isCancelled { return .released() }
            var failure = BatchFailure(error)
            failure.isFinal = (error as? any CategorizedError)?.category == .permanent
            return .failed(failure)
        }
    }

    // MARK: - Events

    /// What a completion says of its batch.
    private struct Completed: Decodable {
        var batch: Int64
        var idStart: Int64
        var idEnd: Int64
        var ids: String?
        var count: Int

        enum CodingKeys: String, CodingKey {
            case batch, ids, count
            case idStart = "id_start"
            case idEnd = "id_end"
        }
    }

    /// The events on which the process has run, by their numbers.
    private func events(
        of completion: Event,
        _ inventory: Inventory
    ) async throws -> [(Int64, Event)] {
        let completed = try JSONText.decode(Completed.self, from: completion.payload ?? "")
        let source = try await inventory.source(input.source(for: link))
        let items: [Item]
        if let text = completed.ids, let runs = IDRuns(packed: text) {
            items = try await source.items(withIDs: Array(runs.ids))
        } else {
            items = try await source.items(
                in: completed.idStart...max(completed.idStart, completed.idEnd),
                limit: max(completed.count, 1)
            )
        }
        guard items.count >= completed.count else {
            throw TrancheError(
                .invalidItem,
                "of the \(completed.count) events of batch \(completed.batch) of '\(upstream)' "
                    + "only "
                    + "\(items.count) are there: the others were kept for as long as they are "
                    + "('keep'), and "
                    + "are cleaned. What became of their files is to be looked at by hand"
            )
        }
        var found = try items.map { ($0.id, try input.event(of: $0)) }
        for meant in [input.operations, link.operations] where !meant.isEmpty {
            found = found.filter { meant.contains($0.1.operation) }
        }
        guard link.coalesce != nil else { return found }
        let last = try await inventory.lastEvents(of: input.name, found.map(\.0))
        return found.filter { last[$0.0] ?? $0.0 <= $0.0 }
    }

    // MARK: - Files

    private func keep(_ event: Event, _ number: Int64, _ batch: BatchRecord) async throws {
        let path = try event.requireFile()
        let file = FileKeeper.Known(
            path: path,
            mark: event.fileMark,
            attempt: batch.attempt,
            number: number,
            isOfAnother: batch.kind == .split || batch.kind == .redrive
        )
        guard !path.contains("://") else { return try await keepObject(path, file.isAgain) }
        if file.mark == nil {
            guard case .tag = after else {
                throw TrancheError(
                    .invalidItem,
                    "nothing shows whether '\(path)' is still the file that was worked on: a file "
                        + "is moved or removed where its input is a 'directory'"
                )
            }
        }
        switch after {
        case .delete:
            try await keeper.remove(file)
            if let marker { try await keeper.takeMarker(of: file, marker, to: nil) }
        case .tag(let mark):
            let content = #"{"job":"\#(upstream)","event":\#(number)}"# + "\n"
            try await keeper.mark(file, ".\(mark)", content)
        case .move(let target):
            guard !target.contains("://") else {
                throw TrancheError(
                    .invalidItem,
                    "'\(path)' is a file, which is moved into a folder, not to '\(target)'"
                )
            }
            let place = joined(target, relative(path))
            try await keeper.move(file, to: place)
            if let marker { try await keeper.takeMarker(of: file, marker, to: place + marker) }
        }
    }

    /// The folder that is the input; `nil` where it is another.
    private var directory: DirectoryInput? {
        let base = (input as? FilteredInput)?.base ?? input
        return base as? DirectoryInput
    }

    /// What stands behind a file's name in that of its marker; `nil` where files have none.
    private var marker: String? { directory?.marker }

    /// A file's path within the input's folder; its name where there is none.
    private func relative(_ path: String) -> String {
        if let folder = directory?.folder {
            let stem = folder.hasSuffix("/") ? folder : folder + "/"
            if path.hasPrefix(stem) { return String(path.dropFirst(stem.count)) }
        }
        return path.split(separator: "/").last.map(String.init) ?? path
    }

    private func joined(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    private func keepObject(_ url: String, _ isAgain: Bool) async throws {
        let object = try KeptObject(url, credentials, isAgain: isAgain)
        switch after {
        case .delete: try await object.remove()
        case .tag(let mark): try await object.tag("tranche", mark)
        case .move(let target):
            guard target.contains("://") else {
                throw TrancheError(
                    .invalidItem,
                    "'\(url)' is an object, which is moved below a prefix such as "
                        + "s3://BUCKET/done/, not to "
                        + "'\(target)'"
                )
            }
            try await object.move(to: joined(target, relative(url)))
        }
    }
}
