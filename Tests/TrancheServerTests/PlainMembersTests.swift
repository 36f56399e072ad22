import Foundation
import Testing
import Tranche

@testable import TrancheServer

@Suite("Bodies without a decoder")
struct PlainMembersTests {
    private static let acquires = [
        "{}", #"{"worker": "w", "weight": 10, "count": 3, "items": false, "wait": 2.5}"#,
        #"{"run":null,"job_identifier":"ä \u00e4","weight":1e2,"items":true}"#,
        #"{"count": 1e1}"#, #"{"count": 10.0}"#, #"{"count": 1.5}"#, #"{"count": "3"}"#,
        #"{"weight": "3"}"#, #"{"items": 1}"#, #"{"worker": 5}"#, #"{"worker": ["w"]}"#,
        #"{"count": 99999999999999999999}"#, "[]", "5", #"{"w\u006frker": "w"}"#,
        #"{"worker": ""}"#, #" { "worker" : "w" , "count" : 1 } "#,
    ]

    @Test(
        "A body is what the decoder makes of it, and what that refuses is refused",
        arguments: acquires
    )
    func acquire(_ text: String) throws {
        let decoded = Result { try JSONDecoder().decode(AcquireBody.self, from: Data(text.utf8)) }
        let made = Result { try Self.body(AcquireBody.self, of: text) }
        switch (decoded, made) {
        case (.success(let decoded), .success(let made)):
            #expect(try decoded.documentText() == made.documentText())
        case (.failure, .failure): break
        default: Issue.record("\(text): \(decoded), \(made)")
        }
    }

    @Test("A result stays as it was sent, digit by digit")
    func result() throws {
        for result in [
            #"{"b": 12345678901234567890, "a": 1.10}"#, "[1,\n 2]", #""x\ny""#, "0.1", "true",
            "1e2", "{}",
        ] {
            let body = try Self.body(
                SucceedBody.self,
                of: #"{"token": "1.1", "result":\#(result) }"#
            )
            #expect(body.result?.text == result)
        }
        for text in [#"{"token": "1.1", "result": null}"#, #"{"token": "1.1"}"#] {
            #expect(try Self.body(SucceedBody.self, of: text).result == nil)
        }
        let bad = #"{"token":"1.1","bad":[{"id":9223372036854775807,"error":"x"}],"bad_ids":["a"]}"#
        let body = try Self.body(SucceedBody.self, of: bad)
        #expect(body.bad?.map(\.id) == [.integer(.max)] && body.badIDs == [.text("a")])
    }

    @Test(
        "What is wrong is told with its place",
        arguments: [
            (#"{"result": 1}"#, "/token"), (#"{"token": 5}"#, "/token"),
            (#"{"token": "1.1", "bad": [{"error": "x"}]}"#, "/bad/0/id"),
            (#"{"token": "1.1", "bad": 5}"#, "/bad"),
            (#"{"token": "1.1", "tokens": 1}"#, "/tokens"),
            (#"{"token": "1.1", "bad": [{"id": 1}, {"id": 2, "eror": "x"}]}"#, "/bad/1/eror"),
            (
                #"{"token":"1.1","bad":[ {"id":"],\"}{","error":null} ,{"id":2,"a/b":[{}]}]}"#,
                "/bad/1/a~1b"
            ),
            (#"{"token": "1.1", "result": 01}"#, "/result"),
            (#"{"token": "1.1", "result": 1e999}"#, "/result"),
            (#"{"token": "1.1", "logging": "a"} x"#, ""),
        ]
    )
    func faults(_ text: String, _ field: String) throws {
        let refusal = #expect(throws: Refusal.self) { try Self.body(SucceedBody.self, of: text) }
        #expect(refusal?.status == 400)
        #expect(refusal?.document.field == field)
    }

    @Test("A number that its field cannot hold is told with its place")
    func numbers() throws {
        func fault<Body: Decodable>(_ type: Body.Type, _ text: String) -> RefusalDocument? {
            let refusal = #expect(throws: Refusal.self) { try Self.body(type, of: text) }
            #expect(refusal?.status == 400)
            return refusal?.document
        }
        for text in [
            #"{"count": 1.5}"#, #"{"worker": "w", "count":9223372036854775808}"#,
            #"{"weight": 1.5, "count": 1.5, "wait": 0.5}"#,
        ] {
            let document = fault(AcquireBody.self, text)
            #expect(document?.field == "/count")
            #expect(document?.error == "'/count' is not a whole number of 64 bits")
        }
        let weight = fault(AcquireBody.self, #"{"weight": 1e400, "count": 2}"#)
        #expect(weight?.error.contains("a number is beyond those that a double holds") == true)
        let result = fault(SucceedBody.self, #"{"token": "1.1", "result": {"n": 1E400}}"#)
        #expect(result?.error.contains("a number is beyond those that a double holds") == true)
        #expect(result?.field == "/result/n")
        #expect(fault(SetBody.self, #"{"parallelism": 1.5}"#)?.field == "/parallelism")
        let beats = #"{"batches": [{"id": 1, "token": "1.1"}, {"id": 2.5, "token": "2.1"}]}"#
        #expect(fault(HeartbeatsBody.self, beats)?.field == "/batches/1/id")
        let preview = #"{"action": "retry", "filter": {"job": "j", "from": 1.5}}"#
        #expect(fault(ActionRoutes.Preview.self, preview)?.field == "/filter/from")
    }

    @Test("Members of objects in other bodies are refused alike, and any JSON is let alone")
    func parts() throws {
        func field<Body: Decodable>(_ type: Body.Type, _ text: String) -> String? {
            let refusal = #expect(throws: Refusal.self) { try Self.body(type, of: text) }
            #expect(refusal?.document.code == "unknown_field")
            return refusal?.document.field
        }
        let failed = #"{"token": "1.1", "error": "e", "bad": [{"id": 1, "reason": "x"}]}"#
        #expect(field(FailBody.self, failed) == "/bad/0/reason")
        let beats = #"{"batches": [{"id": 1, "token": "1.1", "note": "x"}]}"#
        #expect(field(HeartbeatsBody.self, beats) == "/batches/0/note")
        let preview = #"{"action": "retry", "filter": {"job": "j", "statsu": "failed"}}"#
        #expect(field(ActionRoutes.Preview.self, preview) == "/filter/statsu")
        for bad in ["null", "[]", "[ ]", #"[{"id":1},{"error":"x","id":"a"}]"#] {
            let text = #"{"token": "1.1", "result": [{"a": {}}], "bad": \#(bad)}"#
            #expect(throws: Never.self) { try Self.body(SucceedBody.self, of: text) }
        }
    }

    @Test("A member that is given twice is refused by its name, and any JSON is let alone")
    func doubled() throws {
        func field<Body: Decodable>(_ type: Body.Type, _ text: String) -> String? {
            let refusal = #expect(throws: Refusal.self) { try Self.body(type, of: text) }
            #expect(refusal?.status == 400)
            #expect(refusal?.document.code == "doubled_field")
            #expect(refusal?.document.remedy == "give it once")
            return refusal?.document.field
        }
        #expect(field(AcquireBody.self, #"{"count": 1, "count": 2}"#) == "/count")
        #expect(field(AcquireBody.self, #"{"run": null, "r\u0075n": "a"}"#) == "/run")
        #expect(field(AcquireBody.self, #"{"worker": "a", "worker": "a"}"#) == "/worker")
        let result = #"{"token": "1.1", "result": {"a": 1}, "result": null}"#
        #expect(field(SucceedBody.self, result) == "/result")
        let bad = #"{"token": "1.1", "bad": [{"id": 1}, {"id": 2, "error": "x", "id": 3}]}"#
        #expect(field(SucceedBody.self, bad) == "/bad/1/id")
        let preview = #"{"action": "retry", "filter": {"job": "j", "job": "k"}}"#
        #expect(field(ActionRoutes.Preview.self, preview) == "/filter/job")
        let own = #"{"token": "1.1", "result": {"a": 1, "a": {"b": 1, "b": 2}}}"#
        #expect(throws: Never.self) { try Self.body(SucceedBody.self, of: own) }
    }

    @Test(
        "What is nested too deeply is refused as such, with the depth that is allowed",
        arguments: [500, 501, 513, 5000]
    )
    func depth(_ depth: Int) throws {
        // The body is one of the values.
        let opening = String(repeating: "[", count: depth - 1)
        let lists = opening + String(repeating: "]", count: depth - 1)
        let text = #"{"token": "1.1", "result": \#(lists)}"#
        guard depth > 500 else {
            #expect(try Self.body(SucceedBody.self, of: text).result?.text == lists)
            return
        }
        let refusal = #expect(throws: Refusal.self) { try Self.body(SucceedBody.self, of: text) }
        #expect(refusal?.status == 400)
        let words = "the body is nested too deeply: it has more than 500 values within each other"
        #expect(refusal?.document.error.hasPrefix(words) == true)
    }

    private static func body<Body: Decodable>(_ type: Body.Type, of text: String) throws -> Body {
        let request = HTTPServerRequest(method: "POST", path: "/", body: Array(text.utf8))
        let nobody = Caller(name: nil, roles: [], jobs: nil)
        return try Call(request: request, path: [:], caller: nobody).body(type)
    }
}
