import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite struct ValueTests {
    @Test(
        "Weights have units",
        arguments: [
            ("250", 250), ("1.5", 1.5), ("64MiB", 67_108_864), ("64 MiB", 67_108_864),
            ("2kib", 2048),
            ("10k", 10_000), ("3M", 3e6), ("1G", 1e9), ("1GB", 1e9), ("1TiB", 1_099_511_627_776),
            ("7B", 7),
            ("1e6", 1e6), (".5", 0.5),
        ]
    )
    func weight(text: String, weight: Double) throws {
        #expect(try parseWeight(text) == weight)
    }

    @Test(
        "What is no weight is refused",
        arguments: ["", "x", "0", "-5", "nan", "inf", "1e999", "64XB", "64m", "1,5", "0x10", "MiB"]
    )
    func badWeight(text: String) {
        #expect(throws: ValueError.self) { try parseWeight(text) }
    }

    @Test(
        "Durations have units",
        arguments: [
            ("90s", 90_000), ("60", 60_000), ("500ms", 500), ("5m", 300_000), ("2h", 7_200_000),
            ("1d", 86_400_000), ("1.5s", 1500), ("0", 0),
        ]
    )
    func duration(text: String, milliseconds: Int) throws {
        #expect(try parseDuration(text) == .milliseconds(milliseconds))
    }

    @Test(
        "What is no duration is refused",
        arguments: ["", "-1s", "5y", "nan", "inf", "1e30", "s"]
    )
    func badDuration(text: String) {
        #expect(throws: ValueError.self) { try parseDuration(text) }
    }

    @Test("Bounds have one end or two")
    func bounds() throws {
        #expect(try parseBounds("20..80") == IDBounds(lower: 20, upper: 80))
        #expect(try parseBounds("20...80") == IDBounds(lower: 20, upper: 80))
        #expect(try parseBounds("-5..-3") == IDBounds(lower: -5, upper: -3))
        #expect(try parseBounds("20..") == IDBounds(lower: 20))
        #expect(try parseBounds("..80") == IDBounds(upper: 80))
        for text in ["", "..", "20", "a..b", "80..20", "1.5..2"] {
            #expect(throws: ValueError.self) { try parseBounds(text) }
        }
    }

    @Test("Ids are listed with commas and dots, in any order")
    func ids() throws {
        #expect(try parseIDs("5") == IDRuns(5...5))
        #expect(try parseIDs("9..12, 5,10,-3..-1").packed == "-3--1,5,9-12")
        for text in ["", ",", "5,", "a", "5..", "..5", "12..9", "1.5", "5-9"] {
            #expect(throws: ValueError.self) { try parseIDs(text) }
        }
    }

    @Test("Weights read well")
    func humanWeights() {
        #expect(HumanText.weight(67_108_864, isBytes: true) == "64.0 MiB")
        #expect(HumanText.weight(1023, isBytes: true) == "1023 B")
        #expect(HumanText.weight(1_048_575, isBytes: true) == "1.0 MiB")
        #expect(HumanText.weight(1_234_567, isBytes: false) == "1,234,567")
        #expect(HumanText.weight(12.5, isBytes: false) == "12.50")
        #expect(HumanText.weight(-1234, isBytes: false) == "-1,234")
        #expect(HumanText.weight(0.999, isBytes: false) == "1")
    }

    @Test("Times read well")
    func humanTimes() {
        let now = Date(timeIntervalSince1970: 1_000_000)
        #expect(HumanText.relative(now - 180, to: now) == "3 min ago")
        #expect(HumanText.relative(now + 20, to: now) == "in 20 s")
        #expect(HumanText.relative(now, to: now) == "now")
        #expect(HumanText.relative(now - 7200, to: now) == "2 h ago")
        #expect(HumanText.relative(now - 86_400 * 3, to: now) == "3 d ago")
        #expect(Duration.milliseconds(1200).words == "1.2 s")
        #expect(Duration.milliseconds(22).words == "22 ms")
        #expect(Duration.seconds(200).words == "3 min 20 s")
        #expect(Duration.seconds(60).words == "1 min")
    }

    @Test(
        "A URL without who connects and how",
        arguments: [
            ("https://u:p@h:8443/in?to=a@b", "https://h:8443/in"),
            ("https://h:8443/in?to=a@b", "https://h:8443/in"),
            ("https://u:p/w@h/x", "https://h/x"),
            ("postgresql://me:p@h1:5432,h2:1/db?sslmode=require", "postgresql://h1:5432,h2:1/db"),
            ("postgresql://[::1]:5432/db", "postgresql://[::1]:5432/db"),
            ("/data/x?y", "/data/x"),
        ]
    )
    func bareURL(text: String, bare: String) {
        #expect(text.withoutSecrets == bare)
    }

    @Test("Passwords are never shown")
    func redaction() {
        #expect(redacted("postgresql://me:secret@host/db") == "postgresql://me:***@host/db")
        #expect(redacted("postgresql://me:se@cr@host/db") == "postgresql://me:***@host/db")
        #expect(
            redacted("postgresql://h/db?user=me&password=secret&x=1")
                == "postgresql://h/db?user=me&password=***&x=1"
        )
        #expect(redacted("cannot open 'mysql://a:b@c': no") == "cannot open 'mysql://a:***@c': no")
        #expect(redacted("postgresql://me@host/db") == "postgresql://me@host/db")
        #expect(redacted("no https://h/x?a=1&token=s&b=2") == "no https://h/x?a=1&token=***&b=2")
        #expect(redacted("https://h/x?sslkey=/k&sig=s") == "https://h/x?sslkey=/k&sig=***")
        #expect(redacted("https://h/x?max_tokens=5") == "https://h/x?max_tokens=5")
        #expect(!holdsPassword("https://h/x?token=s"))
        #expect(holdsPassword("postgresql://:x@host"))
        #expect(!holdsPassword("postgresql://host:5432/db"))
    }

    @Test("Text from JSON Lines is kept as a result only when it is an object")
    func lines() {
        var lines = LineCollector()
        #expect(lines.add(Array("a\nb".utf8)) == Array("a\n".utf8))
        #expect(lines.add(Array("c\n{\"n\":1}".utf8)) == Array("bc\n".utf8))
        #expect(lines.lastLine == .init(text: "bc"))
        #expect(lines.finish() == Array("{\"n\":1}\n".utf8))
        #expect(lines.add(Array("\n  \n".utf8)) == Array("\n  \n".utf8))
        #expect(lines.lastLine == .init(text: "{\"n\":1}"))
        #expect(KeptResult(.init(text: " {\"n\":1} "))?.json == "{\"n\":1}")
        #expect(KeptResult(.init(text: " {\"n\":1} "))?.note == nil)
        #expect(KeptResult(.init(text: "[1]")) == nil)
        #expect(KeptResult(.init(text: "n")) == nil)
    }

    @Test(
        "What begins as an object and is no strict JSON is kept as a text, and said",
        arguments: [
            #"{"a":1,}"#, #"{"a": NaN}"#, #"{"a": -Infinity}"#, #"{"a":1e400}"#, #"{"a":"\ud800"}"#,
            #"{"a":"\u0000"}"#, #"{"a":1"#, "{'a': 1}", #"{"a":1} {"a":2}"#, "{", "{\u{0}}",
            #"{"a":01}"#,
            #"{"a":"\x"}"#, #"{"a":tru}"#, #"{"a":1.}"#, #"{"a":+1}"#, #"{"a" 1}"#, #"{a:1}"#,
            #"{"a":[1}"#,
            String(repeating: "{\"a\":", count: 100_000),
        ]
    )
    func noObject(_ line: String) throws {
        let result = try #require(KeptResult(.init(text: line)))
        let text = line.replacing("\0", with: "\u{FFFD}")
        #expect(try JSONText.decode(String.self, from: result.json) == text)
        #expect(result.note?.contains("is not a JSON object (") == true)
        #expect(JSONText.isValid(result.json))
    }

    @Test("Of a very long line the beginning is kept, and of bytes that are no UTF-8 what can be")
    func longLine() {
        var lines = LineCollector()
        let piece = Array("{\"x".utf8) + [UInt8](repeating: 0x79, count: LineCollector.longestLine)
        #expect(lines.add(piece).count == piece.count)
        _ = lines.add(Array("}\n  \n".utf8))
        #expect(lines.lastLine?.text.utf8.count == LineCollector.keptOfLonger)
        #expect(lines.lastLine?.fault?.contains("\(piece.count + 1) bytes") == true)
        #expect(lines.lastLine.flatMap { KeptResult($0) }?.note != nil)
        #expect(lines.lastLine?.mayBlame == false)
        _ = lines.add(piece + Array("\",\"b".utf8))
        _ = lines.add(Array("ad\":[1]}\n".utf8))
        #expect(lines.lastLine?.mayBlame == true)
        _ = lines.add(Array("{}\n".utf8))
        #expect(lines.lastLine == .init(text: "{}"))
        _ = lines.add(Array("{\"a\":\"".utf8) + [0xFF] + Array("\"}\n".utf8))
        #expect(lines.lastLine?.text == "{\"a\":\"\u{FFFD}\"}")
        #expect(lines.lastLine?.fault == "it is not UTF-8")
    }

    @Test(
        "A long line may blame items where the outermost object has a member that does",
        arguments: [
            (#""x":"bad luck","badge":1,"y":{"bad":[{"id":1}]},"bad":3"#, false),
            (#""x":"a \" , \"bad\":[1]","y":["bad",[1]]"#, false),
            (#""bad":[{"id":1}]"#, true), (#""bad" : {"id":1}"#, true), (#""bad_ids":[9]"#, true),
            (#""size":"5" disk","bad":[{"id":1}]"#, true),
            (#""bad":[],"bad_ids":[ ],"x":["y"]"#, false), (#""bad": null,"bad_ids": null"#, false),
            (#""bad":{},"bad_ids":[]"#, false), (#""size":"5" disk","bad":[ ]"#, false),
            (#""bad":[],"bad_ids":[ "a"]"#, true), (#""bad_ids":"a""#, true),
            (#""bad_ids":[],"bad":[ {"id":1}]"#, true),
        ]
    )
    func longBlame(members: String, mayBlame: Bool) throws {
        let filler = String(repeating: "x", count: 1_200_000)
        for text in [#"{"f":"\#(filler)",\#(members)}"#, #"{\#(members),"f":"\#(filler)"}"#] {
            var lines = LineCollector()
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: 65536) {
                _ = lines.add(bytes[start..<min(start + 65536, bytes.count)])
            }
            _ = lines.add(Array("\n".utf8))
            let line = try #require(lines.lastLine)
            #expect(line.mayBlame == mayBlame)
            #expect(!lines.mayBlameBefore)
            _ = lines.add(Array("done\n".utf8))
            #expect(lines.mayBlameBefore == mayBlame)
        }
    }

    @Test("The progress line shows amounts, pace, time left and failures")
    func progressLine() {
        var tally = ProgressTally(weighsBytes: true, hasWeights: true)
        tally.succeeded = 12
        tally.items = 1200
        tally.weight = 64 * 1_048_576
        tally.begin(13, items: 100, weight: 1_048_576)
        tally.begin(14, items: 300, weight: 7 * 1_048_576)
        tally.failed = 1
        tally.planned = .init(items: 2400, weight: 128 * 1_048_576)
        #expect(
            tally.line(elapsed: .seconds(20))
                == "[##########==........] 50 % 12 batches, 1,200 items, 64.0 MiB, 3.2 MiB/s, "
                + "2 running, ETA 20 s, 1 failed"
        )
        #expect(
            tally.summary(elapsed: .seconds(20))
                == "done: 12 batches, 1,200 items, 64.0 MiB in 20 s (3.2 MiB/s), "
                + "1 attempt failed"
        )
        let nothing = ProgressTally(weighsBytes: true, hasWeights: true)
        #expect(nothing.summary(elapsed: .milliseconds(78)) == "done: nothing new in 78 ms")
        // While nothing runs no time left is known.
        tally.finish(13)
        tally.finish(14)
        #expect(
            tally.line(elapsed: .seconds(20), width: 80)
                == "[#####.....] 50 % 12 batches, 1,200 items, 64.0 MiB, 3.2 MiB/s, 0 running, "
                + "1 failed"
        )
        tally.weight = 128 * 1_048_576 - 1
        #expect(tally.line(elapsed: .seconds(20), width: 80).hasPrefix("[#########.] 99 % "))
        tally.weight += 1
        #expect(tally.line(elapsed: .seconds(20), width: 80).hasPrefix("[##########] 100 % "))
    }

    @Test("A batch that was given back before work began is unfinished until it has succeeded")
    func givenBack() {
        var tally = ProgressTally(weighsBytes: false, hasWeights: false)
        tally.giveBack([3, 4])
        #expect(tally.unfinished == [3, 4])
        #expect(tally.summary(elapsed: .seconds(1)).contains(", 2 not begun"))
        tally.note(.succeeded(BatchSuccess()), 3, items: 1, weight: 0)
        #expect(tally.unfinished == [4])
    }
}
