import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite("Which option is to blame for a source", .timeLimit(.minutes(5)))
struct SourceFieldTests {
    @Test(
        "With --json an error about a table or a column names its option",
        arguments: [
            ("--meta nosuch", "--meta", "there is no table or view 'nosuch'"),
            ("--meta files --uid idd", "--uid", "has no column 'idd' for the uid"),
            ("--meta files --item idd", "--item", "has no column 'idd' for the item"),
            ("--meta files --weight-column idd", "--weight-column", "'idd' for the weight"),
            ("--meta files --weight-column item", "--weight-column", "a weight must be a number"),
            ("--meta files --settle-column idd", "--settle-column", "for the settle column"),
            ("--meta files --key idd", "--key", "has no column 'idd' for the key"),
            ("--meta files --where idd=1", "--where", "the filter 'idd=1' is not valid"),
            ("--meta files --where random()>0", "--where", "whose answer may change"),
            ("--meta files --time-column idd --by hour", "--time-column", "for the time"),
            ("--meta files --columns idd", "--columns", "has no column 'idd' for --columns"),
        ]
    )
    func option(words: String, option: String, message: String) async throws {
        let bench = try await CommandLineBench()
        let options = words.split(separator: " ").map(String.init)
        let outcome = await bench.run(["acquire", "--job", "j", "--json"] + options)
        #expect(outcome.status == .failed, "\(outcome.errors)")
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
        #expect(outcome.errors.contains(#""code":"invalidSource""#), "\(outcome.errors)")
        #expect(outcome.errors.contains(#""field":"\#(option)""#), "\(outcome.errors)")
    }

    @Test("To work a column that is not there is wrong usage: 1 is for failed batches")
    func work() async throws {
        let bench = try await CommandLineBench()
        try bench.execute("CREATE TABLE e (id INTEGER PRIMARY KEY AUTOINCREMENT, p TEXT)")
        for dry in [[], ["--dry-run"]] {
            let words = ["work", "--job", "a", "--meta", "e", "--item", "p"] + dry
            let refused = await bench.run(words + ["--", "cat"])
            #expect(refused.status == .usage, "\(refused.errors)")
            let remedy = "it has 'id', 'p'. Name it with --uid, such as --uid id"
            #expect(refused.errors.contains(remedy), "\(refused.errors)")
            let columns = ["--uid", "id", "--columns", "nope", "--", "cat"]
            #expect(await bench.run(words + columns).status == .usage)
        }
    }

    @Test("What is said besides of a wrong table keeps its option")
    func besides() async throws {
        let bench = try await CommandLineBench()
        #expect(await bench.run("acquire", "--job", "j", "--meta", "files").status == .done)
        let outcome = await bench.run("acquire", "--job", "next", "--meta", "j", "--json")
        #expect(outcome.errors.contains("but a job of that name"), "\(outcome.errors)")
        #expect(outcome.errors.contains(#""field":"--meta""#), "\(outcome.errors)")
    }

    @Test("A limit that needs a column blames the column's option")
    func needed() async throws {
        let bench = try await CommandLineBench()
        try bench.execute("CREATE TABLE bare (uid INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT)")
        let limit = ["acquire", "--job", "j", "--meta", "bare", "--weight", "5", "--json"]
        let outcome = await bench.run(limit)
        #expect(outcome.status == .usage)
        #expect(outcome.errors.contains(#""field":"--weight-column""#), "\(outcome.errors)")
    }

    @Test("A command without the option blames none")
    func otherCommand() {
        let error = TrancheError(.invalidSource, "no column", field: ["uid"])
        #expect(Failure(error, of: AcquireCommand.description).document.field == "--uid")
        #expect(Failure(error, of: StatusCommand.description).document.field == nil)
        #expect(Failure(error).document.field == nil)
        let place = TrancheError(.invalidSource, "no table", field: [])
        #expect(Failure(place, of: PlanCommand.description).document.field == "--meta")
    }
}
