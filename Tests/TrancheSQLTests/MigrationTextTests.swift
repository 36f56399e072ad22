import Testing
@testable import TrancheSQL

@Suite("The text of a migration")
struct MigrationTextTests {
    func fill(_ text: String, table: String = "inventory", schema: String? = nil) -> String {
        MigrationScript(tables: TableNames(table: table, schema: schema)).fill(
            text,
            values: ["zone": "'UTC'"]
        )
    }

    @Test("Names are filled in: with schema, bare, and as text")
    func names() {
        let text = "{inventory} {inventory_run} {name:inventory_run_once} {text:inventory} {zone}"
        #expect(
            fill(text) == #""inventory" "inventory_run" "inventory_run_once" 'inventory' 'UTC'"#
        )
        #expect(
            fill(text, table: #"o'"x"#, schema: "S")
                == #""S"."o'""x" "S"."o'""x_run" "o'""x_run_once" 'o''"x' 'UTC'"#
        )
    }

    @Test("What is filled in is not filled in again")
    func once() {
        #expect(fill("{inventory}", table: "{zone}") == #""{zone}""#)
    }

    @Test("Text without names stays, and so does an open brace")
    func plain() {
        #expect(fill("SELECT '1' -- {") == "SELECT '1' -- {")
        #expect(fill("") == "")
    }

    @Test("The checksum changes with each byte of the way up, and with nothing else")
    func checksum() {
        let text = Array("CREATE TABLE t ();".utf8)
        let migration = Migration(version: 1, name: "a", up: text, down: [])
        #expect(
            migration.checksum == Migration(version: 2, name: "b", up: text, down: [1]).checksum
        )
        for place in text.indices {
            var edited = text
            edited[place] ^= 1
            #expect(
                Migration(version: 1, name: "a", up: edited, down: []).checksum
                    != migration.checksum
            )
        }
        // FNV-1a's own test vector.
        let vector = Migration(version: 1, name: "", up: Array("foobar".utf8), down: [])
        #expect(vector.checksum == "85944171f73967e8")
    }

    @Test("A migration's label has four digits")
    func label() {
        #expect(Migration(version: 7, name: "x", up: [], down: []).label == "0007_x")
        #expect(Migration(version: 12_345, name: "x", up: [], down: []).label == "12345_x")
    }
}
