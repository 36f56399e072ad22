import Foundation

do {
    try await Benchmark.run(arguments: Array(CommandLine.arguments.dropFirst()))
} catch {
    FileHandle.standardError.write(Data("tranche-bench: \(error)\n".utf8))
    exit(1)
}
