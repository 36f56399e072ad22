import CPosix
import FoundationEssentials
import Glibc
import TrancheCLI

// What was closed is taken, the lowest number first, else it would be given to what is opened next:
// a database's connection would be standard error. Reading and writing there fail as before, but
// for words that nobody is to read.
for (number, flags) in [(0, O_WRONLY), (1, O_RDONLY), (2, O_WRONLY)] as [(Int32, Int32)]
where fcntl(number, F_GETFD) < 0 {
    _ = tranche_open("/dev/null", flags, 0)
}
tranche_keep_few_arenas()
// Output that nobody reads is an error to deal with, such as to give a batch back.
signal(SIGPIPE, SIG_IGN)
// Whoever started this may ignore its children's ends, and so would their exit statuses be.
signal(SIGCHLD, SIG_DFL)
ProcessSignals.endProcess()
let words = (0..<Int(CommandLine.argc)).compactMap { place in
    CommandLine.unsafeArgv[place].map {
        Array(UnsafeRawBufferPointer(start: $0, count: strlen($0)))
    }
}
// libmongoc says on standard error where /dev/shm has no room for counters that nobody reads. The
// environment changes once the words are known, as a program that has Swift's library in it finds
// them beside it, and while there is no other thread that might read it. One that is set stays.
setenv("MONGOC_DISABLE_SHM", "1", 0)
let status = await Program().run(words: words)
exit(status.rawValue)
