import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheChains
import TrancheConnectors

@testable import TrancheHTTP

@Suite("Objects that somebody is done with", .timeLimit(.minutes(10)))
struct KeptObjectTests {
    private func object(
        _ bucket: TestBucket,
        _ key: String,
        isAgain: Bool = false
    ) throws -> KeptObject {
        let credentials = Credentials(try TestBucket.s3Environment())
        return try KeptObject(bucket.url(key), credentials, isAgain: isAgain)
    }

    private func put(_ text: String, _ bucket: TestBucket, _ key: String) async throws {
        let context = ConnectorContext(credentials: Credentials(try TestBucket.s3Environment()))
        try await ObjectConnector().keep(Array(text.utf8), at: bucket.url(key), context)
    }

    private func content(_ bucket: TestBucket, _ key: String) async throws -> String? {
        let store = S3Store(bucket.configuration.s3, HTTPClient())
        guard try await store.tagOfContent(of: ObjectName(bucket.url(key))) != nil else {
            return nil
        }
        let bytes = try await bucket.location(key).open()
        let size = try await bytes.state().size
        return String(decoding: try await bytes.read(0..<size), as: UTF8.self)
    }

    @Test("An object is moved, and replaces none")
    func moves() async throws {
        let bucket = try await TestBucket(.s3)
        try await put("one", bucket, "in/a b.csv")
        try await object(bucket, "in/a b.csv").move(to: bucket.url("done/in/a b.csv"))
        #expect(try await content(bucket, "done/in/a b.csv") == "one")
        #expect(try await content(bucket, "in/a b.csv") == nil)
        // The attempt that comes again finds that it is done; a first one finds nothing.
        try await object(bucket, "in/a b.csv", isAgain: true)
            .move(to: bucket.url("done/in/a b.csv"))
        await #expect(throws: TrancheError.self) {
            try await object(bucket, "in/a b.csv").move(to: bucket.url("done/in/a b.csv"))
        }
        try await put("two", bucket, "in/a b.csv")
        for isAgain in [false, true] {
            let error = await #expect(throws: TrancheError.self) {
                try await object(bucket, "in/a b.csv", isAgain: isAgain)
                    .move(to: bucket.url("done/in/a b.csv"))
            }
            #expect(error?.message.contains("is there already") == true)
        }
        #expect(try await content(bucket, "done/in/a b.csv") == "one")
        // A copy whose object was not removed any more.
        try await put("one", bucket, "in/a b.csv")
        try await object(bucket, "in/a b.csv", isAgain: true)
            .move(to: bucket.url("done/in/a b.csv"))
        #expect(try await content(bucket, "in/a b.csv") == nil)
    }

    @Test("An object that would be moved onto itself stays, however often that is tried")
    func movesOntoItself() async throws {
        let bucket = try await TestBucket(.s3)
        try await put("one", bucket, "done/x.csv")
        for isAgain in [false, true] {
            let error = await #expect(throws: TrancheError.self) {
                try await object(bucket, "done/x.csv", isAgain: isAgain)
                    .move(to: bucket.url("done/x.csv"))
            }
            #expect(error?.code == .sinkFailed)
            #expect(error?.message.contains("stands where it would be moved to") == true)
            #expect(try await content(bucket, "done/x.csv") == "one")
        }
    }

    @Test("An object is removed, once")
    func removes() async throws {
        let bucket = try await TestBucket(.s3)
        try await put("one", bucket, "a")
        try await object(bucket, "a").remove()
        #expect(try await content(bucket, "a") == nil)
        try await object(bucket, "a", isAgain: true).remove()
        let error = await #expect(throws: TrancheError.self) {
            try await object(bucket, "a").remove()
        }
        #expect(error?.message.contains("is there no more") == true)
    }

    /// A store that takes the path of a request for the name, as S3 does; requests need no key.
    private func withPlainStore(
        _ objects: [String: String],
        tagsTellNames: Bool = false,
        _ body: (LocalHTTPServer, Credentials) async throws -> Void
    ) async throws {
        let state = Mutex(objects)
        try await withHTTPServer { request, _ in
            state.withLock { objects in
                switch request.method {
                case "PUT":
                    objects[request.target] = objects[request.headers["x-amz-copy-source"] ?? ""]
                    return .init(200)
                case "DELETE":
                    objects[request.target] = nil
                    return .init(204)
                default:
                    guard let text = objects[request.target] else { return .init(404) }
                    let tag = tagsTellNames ? request.target : text
                    return .init(200, text: text, headers: ["ETag": "\"\(tag)\""])
                }
            }
        } _: { server in
            try await body(server, Credentials(["AWS_ENDPOINT_URL_S3": server.url]))
        }
    }

    @Test("A name with dots between its slashes is that of an object of its own")
    func dots() async throws {
        let objects = ["/b/in/./c.csv": "one", "/b/in/c.csv": "other", "/b/c.csv": "third"]
        try await withPlainStore(objects) { server, credentials in
            let configuration = try ObjectStoreConfiguration(environment: credentials)
            let store = S3Store(configuration.s3, HTTPClient())
            let dotted = try await store.state(of: ObjectName("s3://b/in/./c.csv"))
            #expect(dotted.tag == "\"one\"")
            #expect(try await store.state(of: ObjectName("s3://b/in/c.csv")).tag == "\"other\"")
            let moved = try KeptObject("s3://b/in/./c.csv", credentials, isAgain: false)
            try await moved.move(to: "s3://b/done/../c.csv")
            let removed = try KeptObject("s3://b/done/../c.csv", credentials, isAgain: false)
            try await removed.remove()
            let asked = server.requests.map { "\($0.method) \($0.target)" }
            #expect(
                asked == [
                    "GET /b/in/./c.csv", "GET /b/in/c.csv",
                    "GET /b/done/../c.csv", "GET /b/in/./c.csv", "PUT /b/done/../c.csv",
                    "GET /b/in/./c.csv", "DELETE /b/in/./c.csv",
                    "GET /b/done/../c.csv", "DELETE /b/done/../c.csv",
                ]
            )
        }
    }

    @Test("A copy of an earlier attempt is known by its bytes where its tag is another")
    func movesAgain() async throws {
        let objects = ["/b/x": "one", "/b/done/x": "one", "/b/y": "one", "/b/done/y": "two"]
        try await withPlainStore(objects, tagsTellNames: true) { server, credentials in
            func move(_ name: String, isAgain: Bool) async throws {
                try await KeptObject("s3://b/\(name)", credentials, isAgain: isAgain)
                    .move(to: "s3://b/done/\(name)")
            }
            // A first attempt has left no copy.
            for (name, isAgain) in [("x", false), ("y", true)] {
                let error = await #expect(throws: TrancheError.self) {
                    try await move(name, isAgain: isAgain)
                }
                #expect(error?.message.contains("is there already") == true)
            }
            try await move("x", isAgain: true)
            let removed = server.requests.filter { $0.method == "DELETE" }.map(\.target)
            #expect(removed == ["/b/x"])
        }
    }

    @Test("An object is given a tag beside its own")
    func tags() async throws {
        let bucket = try await TestBucket(.s3)
        try await put("one", bucket, "a")
        let store = S3Store(bucket.configuration.s3, HTTPClient())
        let name = try ObjectName(bucket.url("a"))
        try await store.tag(name, "own", "a b")
        for _ in 0..<2 { try await object(bucket, "a").tag("tranche", "done") }
        let response = try await store.send(store.request(name, ["tagging": ""]))
        let tags = try S3Tags(response.body).tags.map { "\($0.name)=\($0.value)" }
        #expect(Set(tags) == ["own=a b", "tranche=done"])
        await #expect(throws: TrancheError.self) {
            try await object(bucket, "b").tag("tranche", "done")
        }
    }

    @Test("What is no object of S3 is refused", arguments: ["gs://b/x", "s3://b", "s3://b/x/"])
    func refused(_ url: String) {
        #expect(throws: TrancheError.self) { try KeptObject(url, Credentials(), isAgain: false) }
    }
}
