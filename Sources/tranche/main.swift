import CPosix
import Foundation
import TrancheCLI

tranche_keep_few_arenas()
// Output that nobody reads is an error to deal with, such as to give a batch back.
signal(SIGPIPE, SIG_IGN)
let status = await Program().run(Array(CommandLine.arguments.dropFirst()))
exit(status.rawValue)
