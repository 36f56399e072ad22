import Testing
import Tranche
import TrancheConnectors
import TrancheOrchestrator

@Suite("Pipelines in a file")
struct PipelineTests {
    private static var types: PipelineTypes {
        var types = PipelineTypes.standard(Connectors([InventoryConnector()]))
        types.processes["nothing"] = { settings in ClosureProcess(settings.name) { _ in } }
        types.processes["own"] = { settings in
            guard let word = settings.text("word") else { return nil }
            if word != "yes" { settings.fault("say yes", key: "word") }
            return ClosureProcess(settings.name) { _ in }
        }
        return types
    }

    private func faults(_ text: String) -> [String] {
        do {
            _ = try Pipeline(text: text, file: "p.yaml", types: Self.types)
            return []
        } catch let error as YAMLFaults {
            return error.faults.map { "\($0)" }
        } catch {
            return ["\(error)"]
        }
    }

    @Test("A file says inputs, processes and links")
    func whole() throws {
        let text = """
            processes_at_once: 4
            keep: 2h
            inputs:
              raw: {type: directory, folder: /srv/in, suffixes: [.csv], quiet: 5s}
              nightly: {type: schedule, cron: "0 2 * * *", zone: Europe/Berlin, missed: all}
              loaded: {type: inventory, job: load, gives: completed, operations: [update]}
            processes:
              a: {type: nothing}
              b: {type: own, word: yes}
            links:
              - raw -> a -> b
              - {from: nightly, to: [b], count: 5, workers: 2,
                 coalesce: key, within: 5s, start: end, lease: 30s, max_attempts: 2,
                 budgets: [disk], share: 2, timeout: 10m}
              - {from: loaded, to: b, operations: [insert]}
            """
        let pipeline = try Pipeline(text: text, file: "p.yaml", types: Self.types)
        #expect(pipeline.configuration.processes == 4)
        #expect(pipeline.configuration.keep == .seconds(7200))
        #expect(pipeline.inputs.map(\.name) == ["raw", "nightly", "loaded"])
        #expect(pipeline.inputs[2].operations == [.update])
        #expect(pipeline.links.map(\.name) == ["raw/a", "a/b", "nightly/b", "loaded/b"])
        let link = pipeline.links[2]
        #expect(link.limit == .count(5))
        #expect(pipeline.links[3].operations == [.create])
        #expect(link.workers == 2)
        #expect(link.coalesce == .seconds(5))
        #expect(link.start == .end)
        #expect(link.policy.lease == .seconds(30))
        #expect(link.policy.maxAttempts == 2)
        #expect(link.limits?.budgets == ["disk"])
        #expect(link.limits?.rank.share == 2)
        #expect(link.timeout == .seconds(600))
        #expect(try pipeline.graph.jobs.map(\.name).contains("raw/a/b"))
    }

    @Test("A list of parts with names means the same as a mapping")
    func listed() throws {
        let text = """
            {"inputs": [{"name": "in", "type": "directory", "folder": "/x"}],
             "processes": [{"name": "p", "type": "nothing"}], "links": ["in -> p"]}
            """
        let pipeline = try Pipeline(text: text, file: "p.json", types: Self.types)
        #expect(try pipeline.graph.jobs.map(\.name) == ["in/p"])
    }

    @Test("Each fault is told, with its line and column")
    func everyFault() {
        let found = faults(
            """
            inputs:
              raw: {type: directory, foldr: /srv/in}
              odd: {type: directry, folder: x}
              never: {type: schedule, cron: "0 0 31 2 *"}
            processes:
              a: {type: own, word: no}
            links:
              - raw -> x
              - {from: raw, to: a, count: 0, within: 5s}
              - a -> a
            """
        )
        let places = found.map { $0.split(separator: ":").prefix(2).joined(separator: ":") }
        #expect(places.contains("p.yaml:2"), "\(found)")
        #expect(found.contains { $0.contains("did you mean 'folder'?") }, "\(found)")
        #expect(found.contains { $0.contains("did you mean 'directory'?") }, "\(found)")
        #expect(found.contains { $0.hasPrefix("p.yaml:4:") }, "\(found)")
        #expect(found.contains { $0.contains("say yes") }, "\(found)")
        #expect(found.contains { $0.contains("'within' goes with 'coalesce: key'") }, "\(found)")
        #expect(found.contains { $0.hasPrefix("p.yaml:9:") }, "\(found)")
    }

    @Test("Faults of the graph stand at their links")
    func graphFaults() {
        let found = faults(
            """
            inputs: {in: {type: directory, folder: x}}
            processes: {a: {type: nothing}, b: {type: nothing}}
            links:
              - in -> c
              - a -> b
              - b -> a
              - in -> in
            """
        )
        #expect(found.contains { $0.hasPrefix("p.yaml:4:5") && $0.contains("is unknown") })
        #expect(found.contains { $0.hasPrefix("p.yaml:6:5") && $0.contains("circle") })
        #expect(found.contains { $0.hasPrefix("p.yaml:7:5") && $0.contains("is an input") })
    }

    @Test("An ordered link is read, and what contradicts it is told where it stands")
    func ordered() throws {
        func text(_ rest: String) -> String {
            """
            inputs: {in: {type: directory, folder: x}}
            processes: {a: {type: nothing}}
            links:
              - {from: in, to: a, \(rest)}
            """
        }
        #expect(faults(text("ordered: true")) == [])
        #expect(faults(text("settle_wait: 5s")) == [])
        let backoff = faults(text("ordered: true, backoff: 5s"))
        #expect(backoff.count == 1 && backoff[0].hasPrefix("p.yaml:4:47"), "\(backoff)")
        let workers = faults(text("ordered: true, workers: 2"))
        #expect(workers.count == 1 && workers[0].contains("no order"), "\(workers)")
    }

    @Test("A container's settings are read as they are named, and told of where they are wrong")
    func containers() throws {
        func text(_ container: String) -> String {
            """
            inputs: {in: {type: directory, folder: x}}
            processes: {c: {type: container, container: {image: busybox, \(container)}}}
            links: [in -> c]
            """
        }
        // No engine is looked for before one is run.
        #expect(faults(text("stop_timeout: 10s, env: {PORT: 8080, HOST: h}")) == [])
        let unknown = faults(text("netwrok: none"))
        #expect(unknown.contains { $0.contains("did you mean 'network'?") }, "\(unknown)")
        #expect(unknown.contains { $0.hasPrefix("p.yaml:2:62") }, "\(unknown)")
        let wrong = faults(text("stop_timeout: soon"))
        #expect(wrong.count == 1 && wrong[0].contains("stop_timeout"), "\(wrong)")
        let odd = faults(text("env: {PORT: [1]}"))
        #expect(odd.count == 1 && !odd[0].contains("found a dictionary"), "\(odd)")
    }

    @Test("A zone that there is not is told where it stands")
    func zones() {
        let found = faults(
            """
            inputs:
              n:
                type: schedule
                cron: "@daily"
                zone: Europe/Berln
            processes: {a: {type: nothing}}
            links: [n -> a]
            """
        )
        #expect(found.count == 1 && found[0].hasPrefix("p.yaml:5:11"), "\(found)")
    }

    @Test("All that is wrong with a part is told, and nothing that is not")
    func faultsOfAPart() {
        func found(_ part: String) -> [String] {
            faults("inputs: {n: {\(part)}}\nprocesses: {a: {type: nothing}}\nlinks: [n -> a]\n")
        }
        let schedule = found("type: schedule, cron: '61 * * * *', zone: Mars/X, missed: all")
        #expect(schedule.count == 2, "\(schedule)")
        #expect(schedule.contains { $0.contains("Mars/X") }, "\(schedule)")
        #expect(schedule.contains { $0.contains("61") }, "\(schedule)")
        let words = found(
            "type: postgresql, connection_string: 'host=h dbname=d', tables: [t], operation: [read]"
        )
        #expect(words.count == 1 && !words[0].contains("operation"), "\(words)")
        // What an input gives is looked at, whatever else is wrong with it.
        let both = found("type: directory, quiet: soon, folder: x, operations: [odd]")
        #expect(both.count == 2, "\(both)")
        let listed = faults(
            """
            inputs: [{type: schedule, cron: '61 * * * *'}]
            processes: {a: {type: nothing}}
            links: [n -> a]
            """
        )
        #expect(listed.contains { $0.contains("'name' is missing") }, "\(listed)")
        #expect(listed.contains { $0.contains("61") }, "\(listed)")
    }

    @Test("What is missing is said, and an empty file is refused")
    func missing() {
        #expect(faults("").count == 1)
        let found = faults("inputs: {}\nprocesses: {}\n")
        #expect(found.contains { $0.contains("'links' is missing") }, "\(found)")
        #expect(
            faults("inputs: {}\nprocesses: {}\nlinks: []\n").contains {
                $0.contains("nothing would run")
            }
        )
    }
}
