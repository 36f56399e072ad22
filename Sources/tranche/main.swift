import Foundation
import TrancheCLI

let status = await Program().run(Array(CommandLine.arguments.dropFirst()))
exit(status.rawValue)
