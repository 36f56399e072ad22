import Testing
import Tranche
import TrancheConnectors

@Suite("The words of files in the place of options")
struct FieldWordsTests {
    @Test(
        "An option that is a field is named by that, with its value",
        arguments: [
            (
                "(--map), or (--drop-unknown), or (--add-columns)",
                "(the step 'map'), or ('drop_unknown' of the sink), or ('add_columns' of the sink)"
            ),
            ("; --fit-ragged takes such records", "; 'fit_ragged' takes such records"),
            (
                "--json-nan accept takes it as a number, --json-nan null as no value",
                "'json_nan: accept' takes it as a number, 'json_nan: null' as no value"
            ),
            (
                "--skip-lines 0 reads it, --skip-lines passes",
                "'skip_lines: 0' reads it, 'skip_lines' passes"
            ),
            ("such as with --encoding latin1, or not", "such as with 'encoding: latin1', or not"),
            ("give --quote '~' for them, or --quote ''", "give quote: '~' for them, or quote: ''"),
            ("as the key (--key _id), or else", "as the key ('key: _id' of the sink), or else"),
            ("with '--settle-lag 30s' ids wait", "with 'settle_lag: 30s' ids wait"),
            ("(--weight, --count), or (--each)", "('weight', 'count'), or ('each' of the sink)"),
            ("have it made (--create-table)", "have it made ('tranche load --create-table')"),
            (
                "give it up with 'tranche load --follow --replaced'",
                "give it up with 'replaced: true' of the source"
            ),
        ]
    )
    func fields(options: String, fields: String) {
        #expect(FieldWords.text(options) == fields)
        // Said twice it stays.
        #expect(FieldWords.text(fields) == fields)
    }

    @Test(
        "What belongs to a command stays, and so does what is no option of a field",
        arguments: [
            "Mend it; or 'tranche redefine' with --where leaves it out, with --weight-column",
            "'tranche redefine --job 'a b' --meta t --where 'x > 1'' goes on",
            "'tranche retry --cancelled' offers them; --may-repeat what may have been executed",
            "-----begin pgp message", "a--where", "all with --json", "--", "",
        ]
    )
    func commands(text: String) {
        #expect(FieldWords.text(text) == text)
    }

    @Test(
        "What somebody wrote stays, whatever it holds",
        arguments: [
            "the filter 'note = '--key x' or --count 5' is not valid",
            "there is no file '/in/a --key b/x.csv'",
            "table 't' has no column 'no --key te'",
            "the filter '--where x' is not valid: near \"--key\"",
        ]
    )
    func texts(text: String) {
        #expect(FieldWords.text(text) == text)
        let advice = FieldWords.text("\(text); leave it out (--drop-unknown)")
        #expect(advice == "\(text); leave it out ('drop_unknown' of the sink)")
    }

    @Test("After a command's sentence options are fields again")
    func sentences() {
        let words = "'tranche audit' finds it; with --watch. 'tranche gaps' shows it. Give --where"
        let other = "'tranche audit' finds it; with 'watch'. 'tranche gaps' shows it. Give 'where'"
        #expect(FieldWords.text(words) == other)
    }

    @Test("Errors keep what they are; what a step says of records stays as it is")
    func errors() async throws {
        let error = TrancheError(.invalidSource, "say --header", file: "a", line: 1)
        let named = try #require(FieldWords.error(error) as? TrancheError)
        #expect(named.message == "say 'header'")
        #expect(named.code == .invalidSource && named.file == "a" && named.line == 1)
        let refused = RecordsRefused([
            RefusedRecord(id: 1, message: "--fit-ragged takes it", origin: .source),
            RefusedRecord(id: 2, message: "'--where' is not a number", origin: .step),
        ])
        let told = try #require(FieldWords.error(refused) as? RecordsRefused)
        let messages = told.failures.map(\.message)
        #expect(messages == ["'fit_ragged' takes it", "'--where' is not a number"])
        #expect(FieldWords.error(CancellationError()) is CancellationError)
        await #expect(throws: CancellationError.self) {
            try await FieldWords.inErrors { () async throws -> Void in throw CancellationError() }
        }
    }
}
