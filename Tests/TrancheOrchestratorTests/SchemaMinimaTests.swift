import Foundation
import Testing
import TrancheConnectors
import TrancheOrchestrator

@Suite("The least that numbers of a pipeline's file may be")
struct SchemaMinimaTests {
    private func object(_ value: Any?) throws -> [String: Any] {
        try #require(value as? [String: Any])
    }

    /// The bounds of a field, of some fields' properties.
    private func least(_ name: String, _ properties: [String: Any]) throws -> Double? {
        let field = try object(properties[name])
        return (field["minimum"] ?? field["exclusiveMinimum"]) as? Double
    }

    @Test("The schema refuses what 'tranche check' refuses as too little")
    func minima() throws {
        let text = PipelineSchema.text(of: .standard(Connectors([])))
        let schema = try object(JSONSerialization.jsonObject(with: Data(text.utf8)))
        let all = try object(schema["properties"])
        #expect(try least("processes_at_once", all) == 1)
        let items = try object(object(all["links"])["items"])
        let forms = try #require(items["anyOf"] as? [[String: Any]])
        let link = try object(forms.last?["properties"])
        let jobs = try object(object(all["jobs"])["additionalProperties"])
        let job = try object(jobs["properties"])
        for name in ["count", "workers"] {
            #expect(try least(name, link) == 1)
            #expect(try least(name, job) == 1)
        }
        #expect(try least("max_attempts", link) == 1)
        #expect(try least("per_key", job) == 1)
        for fields in [link, job] {
            #expect(try least("parallelism", fields) == 0)
            #expect(try object(fields["share"])["exclusiveMinimum"] as? Double == 0)
        }
        #expect(try least("prefetch", job) == 0)
    }
}
