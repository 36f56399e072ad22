import Testing
import Tranche
import TrancheTestKit

@Suite("What a worker asks for")
struct BatchRequestTests {
    @Test(
        "A request within its bounds is accepted",
        arguments: [
            BatchRequest(job: "j"),
            BatchRequest(job: String(repeating: "ä", count: 64)),
            BatchRequest(job: "j", run: "r", ids: IDBounds(5...5)),
            BatchRequest(job: "j", run: "r", ids: IDBounds((.min)...(.max))),
            BatchRequest(job: "j", run: "r"),
            BatchRequest(job: "-", run: "--"),
            BatchRequest(job: "...", run: "a/b ../ä"),
            BatchRequest(job: "it's \"j\"", run: "1 \u{200d} 2"),
            BatchRequest(job: "j", limit: BatchLimit(weight: .leastNonzeroMagnitude, count: 1)),
            BatchRequest(job: "j", minWeight: 1, linger: .seconds(1)),
            BatchRequest(job: "j", minWeight: 1),
            BatchRequest(job: "j", token: String(repeating: "t", count: 128)),
        ]
    )
    func accepted(request: BatchRequest) throws {
        try request.validate()
    }

    @Test("Ids at the root of a source whose ends are crossed are refused")
    func crossedRootIDs() async throws {
        let source = InventorySource(job: "a", rootIDs: IDBounds(lower: 7, upper: 4))
        let error = try await #require(throws: TrancheError.self) {
            _ = try await source.open(beside: MemoryInventoryStore())
        }
        #expect(error.code == .invalidArgument)
        #expect(error.message.contains("7...4 hold no id"))
    }

    @Test(
        "A request outside its bounds is refused",
        arguments: [
            BatchRequest(job: ""),
            BatchRequest(job: String(repeating: "ä", count: 65)),
            BatchRequest(job: "a\0b"),
            BatchRequest(job: "j", run: String(repeating: "r", count: 129)),
            BatchRequest(job: "j", run: "r\0"),
            BatchRequest(job: "j", run: "", ids: IDBounds(1...)),
            BatchRequest(job: "j", run: "r", ids: IDBounds(lower: 2, upper: 1)),
            BatchRequest(job: "j", limit: BatchLimit(weight: 0)),
            BatchRequest(job: "j", limit: BatchLimit(weight: -1)),
            BatchRequest(job: "j", limit: BatchLimit(weight: .nan)),
            BatchRequest(job: "j", limit: BatchLimit(weight: .infinity)),
            BatchRequest(job: "j", limit: BatchLimit(count: 0)),
            BatchRequest(job: "j", minWeight: 0),
            BatchRequest(job: "j", minWeight: .nan),
            BatchRequest(job: "j", minWeight: .infinity),
            BatchRequest(job: "j", minWeight: 1, linger: .seconds(-1)),
            BatchRequest(job: "j", linger: .seconds(1)),
            BatchRequest(job: "j", token: ""),
            BatchRequest(job: "j", token: "a#1"),
            BatchRequest(job: "j", token: String(repeating: "t", count: 129)),
        ]
    )
    func refused(request: BatchRequest) {
        let error = #expect(throws: TrancheError.self) { try request.validate() }
        #expect(error?.code == .invalidArgument)
        #expect(error?.category == .permanent)
    }

    @Test(
        "A name that would be taken for another is given to no new run",
        arguments: [
            RunKey(metaTable: "items", job: "j", run: "-"),
            RunKey(metaTable: "items", job: "j", run: "."),
            RunKey(metaTable: "items", job: ".."),
            RunKey(metaTable: "items", job: " j"),
            RunKey(metaTable: "items", job: "j\n"),
            RunKey(metaTable: "items", job: "j", run: "r\r\n"),
            RunKey(metaTable: "items", job: "j", run: " "),
            RunKey(metaTable: "items", job: "j", run: "r\u{a0}"),
            RunKey(metaTable: "items", job: "j", run: "a\tb"),
            RunKey(metaTable: "items", job: "j", run: "a\u{1b}[31mb"),
        ]
    )
    func newNames(key: RunKey) async throws {
        let bench = Workbench(ids: 1...3)
        let request = BatchRequest(job: key.job, run: key.run, limit: .count(1))
        let error = await #expect(throws: TrancheError.self) {
            _ = try await bench.inventory.acquire(request, from: bench.source)
        }
        #expect(error?.code == .invalidArgument)
        #expect(try await bench.inventory.runs(RunSelection()).isEmpty)
    }

    @Test("Bounds are made from every kind of range")
    func bounds() {
        #expect(IDBounds(20...80) == IDBounds(lower: 20, upper: 80))
        #expect(IDBounds(20...) == IDBounds(lower: 20))
        #expect(IDBounds(...80) == IDBounds(upper: 80))
        #expect(IDBounds(20..<81) == IDBounds(lower: 20, upper: 80))
        #expect(IDBounds(..<81) == IDBounds(upper: 80))
        #expect(IDBounds((.min)...(.max)) == IDBounds(lower: .min, upper: .max))
        #expect(IDBounds(20...80).description == "20...80")
        #expect(IDBounds(...80).description == "...80")
    }

    @Test("Bounds hold the ids between their ends, both included")
    func contains() {
        let bounds = IDBounds(-2...3)
        #expect((-9...9).filter { bounds.contains($0) } == Array(-2...3))
        #expect(IDBounds().contains(.min) && IDBounds().contains(.max))
        #expect(!IDBounds(1...).contains(.min) && IDBounds(1...).contains(.max))
    }

    @Test("What is too little is enough when it is cut, has waited, or nothing follows")
    func isEnough() throws {
        let key = RunKey(metaTable: "t", job: "j")
        let definition = SourceDefinition(database: "d", table: "t", uid: "id")
        let slots = [AcquireRequest.Slot(token: "1")]
        var request = try AcquireRequest(key: key, definition: definition, slots: slots)
        #expect(request.isEnough(weight: 0, isCut: false, waited: .zero))
        request.minWeight = 10
        request.linger = .seconds(60)
        #expect(!request.isEnough(weight: 9, isCut: false, waited: .seconds(59)))
        #expect(request.isEnough(weight: 9, isCut: false, waited: .seconds(60)))
        #expect(request.isEnough(weight: 9, isCut: true, waited: .zero))
        #expect(request.isEnough(weight: 10, isCut: false, waited: .zero))
        request.isDraining = true
        #expect(request.isEnough(weight: 0, isCut: false, waited: .zero))
    }

    @Test("The tokens of several batches differ, and the first is the request's own")
    func tokens() {
        let slots = AcquireRequest.Slot.several(3, worker: nil, token: "x")
        #expect(slots.map(\.token) == ["x", "x#1", "x#2"])
    }
}
