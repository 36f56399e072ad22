package import Tranche

/// The names of an inventory's tables.
package struct TableNames: Sendable, Hashable {
    package let batch: SQLTableName
    package let run: SQLTableName
    package let attempt: SQLTableName
    package let gap: SQLTableName
    package let archive: SQLTableName
    package let output: SQLTableName
    package let budget: SQLTableName
    package let runBudget: SQLTableName
    package let letIn: SQLTableName
    package let charge: SQLTableName
    package let waiting: SQLTableName
    package let flush: SQLTableName
    package let probe: SQLTableName
    package let change: SQLTableName
    package let pageList: SQLTableName
    package let page: SQLTableName
    package let inputLog: SQLTableName
    package let event: SQLTableName
    package let workflow: SQLTableName
    package let pipeline: SQLTableName
    package let alert: SQLTableName
    package let tally: SQLTableName
    package let registry: SQLTableName
    package let uid: SQLTableName
    package let worker: SQLTableName
    package let migration: SQLTableName

    package init(table: String, schema: String?) {
        batch = SQLTableName(schema: schema, table: table)
        run = SQLTableName(schema: schema, table: table + "_run")
        attempt = SQLTableName(schema: schema, table: table + "_attempt")
        gap = SQLTableName(schema: schema, table: table + "_gap")
        archive = SQLTableName(schema: schema, table: table + "_archive")
        output = SQLTableName(schema: schema, table: table + "_output")
        budget = SQLTableName(schema: schema, table: table + "_budget")
        runBudget = SQLTableName(schema: schema, table: table + "_run_budget")
        letIn = SQLTableName(schema: schema, table: table + "_let_in")
        charge = SQLTableName(schema: schema, table: table + "_charge")
        waiting = SQLTableName(schema: schema, table: table + "_waiting")
        flush = SQLTableName(schema: schema, table: table + "_flush")
        probe = SQLTableName(schema: schema, table: table + "_probe")
        change = SQLTableName(schema: schema, table: table + "_change")
        pageList = SQLTableName(schema: schema, table: table + "_page_list")
        page = SQLTableName(schema: schema, table: table + "_page")
        inputLog = SQLTableName(schema: schema, table: table + "_input_log")
        event = SQLTableName(schema: schema, table: table + "_event")
        workflow = SQLTableName(schema: schema, table: table + "_workflow")
        pipeline = SQLTableName(schema: schema, table: table + "_pipeline")
        alert = SQLTableName(schema: schema, table: table + "_alert")
        tally = SQLTableName(schema: schema, table: table + "_tally")
        registry = SQLTableName(schema: schema, table: table + "_registry")
        uid = SQLTableName(schema: schema, table: table + "_uid")
        worker = SQLTableName(schema: schema, table: table + "_worker")
        migration = SQLTableName(schema: schema, table: table + "_migration")
    }

    package init(_ configuration: StoreConfiguration) {
        self.init(table: configuration.table, schema: configuration.schema)
    }

    /// All of them, the inventory's own table first.
    package var all: [SQLTableName] {
        [
            batch, run, attempt, gap, archive, output, budget, runBudget, letIn, charge, waiting,
            flush, probe, change, pageList, page, inputLog, event, workflow, pipeline, alert, tally,
            registry, uid, worker, migration,
        ]
    }
}
