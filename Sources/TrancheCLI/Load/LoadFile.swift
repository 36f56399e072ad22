import FoundationEssentials
import Tranche
import TrancheChains

/// One file of a load.
struct LoadFile: Sendable {
    /// What the file's load is asked to do.
    let options: LoadOptions
    /// From the file to the sink.
    let chain: SinkChain
    /// What gives the records their fields, before they are checked and written.
    let shape: Chain<Record>
    /// The file's records.
    let source: any MetaSourceDescription

    /// Makes the file's chain.
    ///
    /// - Parameters:
    ///   - options: What is asked for.
    ///   - settings: May say where to write to.
    ///   - note: Called with a sentence about each thing that a sink leaves out or changes.
    /// - Throws: As `LoadOptions.shape(of:)` and `LoadOptions.chain(from:_:note:)`.
    init(
        _ options: LoadOptions,
        _ settings: Settings,
        note: @escaping @Sendable (String) -> Void
    ) throws {
        self.options = options
        source = try options.source(settings)
        shape = try options.shape(of: source)
        chain = try options.chain(from: shape, settings, note: note)
    }

    /// The sign that its fields are parted by something else; `nil` where there is none.
    func delimiterDoubt(in inventory: Inventory) async -> DelimiterDoubt? {
        // What is wrong with the file is told by whoever asks.
        let opened = try? await inventory.source(source)
        return (opened as? any FileForecasting)?.delimiterDoubt
    }

    /// The path as given.
    var path: String { options.file.path }

    /// Finds out what the inventory knows of the file's load.
    ///
    /// - Parameters:
    ///   - runs: What is known of the job's runs, by the names of their sources.
    ///   - inventory: The inventory.
    /// - Returns: The run, when all of the file is loaded; `nil` when that is to be found out by
    ///   asking.
    /// - Throws: `TrancheError` `.redefined` when the records went elsewhere than they are to go
    ///   now.
    func finished(
        among runs: [ExactText: RunSummary],
        in inventory: Inventory
    ) async throws -> RunSummary? {
        let names = [options.file.recorded, options.file.spelt]
        guard let known = names.lazy.compactMap({ runs[ExactText($0)] }).first else { return nil }
        if let target = known.run.source?.target, let asked = options.request.target,
            target != asked
        {
            throw TrancheError(
                .redefined,
                "'\(path)' is loaded into \(target) by \(known.run.key), and not into \(asked); --again "
                    + "NAME loads it anew, as a run of that name, and --job NAME as a job of its own"
            )
        }
        guard !options.follows else { return nil }
        return try await KnownFile.isLoaded(known, in: inventory.store) ? known : nil
    }

    /// Whether it is a CSV file without anything in it, which says not even its header.
    func isEmpty() async throws -> Bool {
        guard options.file.format == .csv, !options.follows, !NamedFile.isObject(path) else {
            return false
        }
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder
        else { return false }
        do {
            return try await BlankFile.isBlank(path)
        } catch is TrancheError {
            // What is wrong with it is told when it is opened.
            return false
        }
    }
}
