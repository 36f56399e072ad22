import CPosix
import Foundation

// As the program `tranche` does.
tranche_keep_few_arenas()
do {
    try await Benchmark.run(arguments: Array(CommandLine.arguments.dropFirst()))
} catch {
    FileHandle.standardError.write(Data("tranche-bench: \(error)\n".utf8))
    exit(1)
}
