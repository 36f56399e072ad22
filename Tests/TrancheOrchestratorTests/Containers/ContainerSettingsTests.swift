import Foundation
import Testing
import Tranche
import TrancheConnectors

@testable import TrancheOrchestrator

@Suite("Settings of containers")
struct ContainerSettingsTests {
    private func read(_ json: String) throws -> ContainerSettings {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(ContainerSettings.self, from: Data(json.utf8))
    }

    @Test("The values of variables in a file are texts as they stand there")
    func texts() throws {
        let pipeline = try Pipeline(
            text: """
                inputs: {in: {type: directory, folder: /x}}
                processes:
                  c:
                    type: container
                    container:
                      image: a
                      env:
                        {ZIP: 01234, COUNTRY: +49, MODE: 0x1F, RATE: 1.50, ON: true, P: {from: Q}}
                      labels: {version: 1.10}
                links: [in -> c]
                """,
            file: "p.yaml",
            types: .standard(Connectors([InventoryConnector()]))
        )
        let process = try #require(pipeline.processes.first as? ContainerProcess)
        let settings = process.program.settings
        let texts = [
            "ZIP": "01234", "COUNTRY": "+49", "MODE": "0x1F", "RATE": "1.50", "ON": "true",
        ]
        var expected = texts.mapValues { ContainerVariable.literal($0) }
        expected["P"] = .passed(from: "Q")
        #expect(settings.env == expected)
        #expect(settings.labels == ["version": "1.10"])
    }

    @Test("All fields are read, and written so that they read the same")
    func fields() throws {
        let settings = try read(
            """
            {"image": "a:1", "command": ["/bin/x"], "arguments": ["-v"], "pull": "always",
             "env": {"MY_VAR": "text, with = signs", "DB_PASSWORD": {"file": "/run/p"},
                     "OTHER_NAME": {"from": "NAME"}},
             "network": "host", "memory": "512MiB", "cpus": 1.5, "user": "1:2",
             "stop_timeout": "10s",
             "mounts": [{"source": "/a", "target": "/b"},
                        {"source": "/c", "target": "/d", "writable": true}],
             "labels": {"team": "x"}, "socket": "unix:///s"}
            """
        )
        #expect(settings.memory == 536_870_912)
        #expect(settings.stopTimeout == .seconds(10))
        #expect(settings.env["MY_VAR"] == .literal("text, with = signs"))
        #expect(settings.env["DB_PASSWORD"] == .file("/run/p"))
        #expect(settings.env["OTHER_NAME"] == .passed(from: "NAME"))
        #expect(settings.mounts.map(\.isWritable) == [false, true])
        let written = try JSONEncoder().encode(settings)
        #expect(try JSONDecoder().decode(ContainerSettings.self, from: written) == settings)
    }

    @Test(
        "Variables are a list or a text with commas as well",
        arguments: [#"["A", "B=1"]"#, #""A,B=1""#, #""A, B=1,""#]
    )
    func lists(env: String) throws {
        let settings = try read(#"{"image": "a", "env": \#(env)}"#)
        #expect(settings.env == ["A": .passed(), "B": .literal("1")])
    }

    @Test("No variables are none")
    func noVariables() throws {
        #expect(try read(#"{"image": "a", "env": ""}"#).env.isEmpty)
    }

    @Test(
        "pull may be true, as it was",
        arguments: [("true", ContainerPull.always), ("\"false\"", .never)]
    )
    func pull(text: String, pull: ContainerPull) throws {
        #expect(try read(#"{"image": "a", "pull": \#(text)}"#).pull == pull)
    }

    @Test(
        "An image that is missing is told in the known words",
        arguments: ["{}", #"{"image": " "}"#]
    )
    func noImage(json: String) throws {
        #expect {
            try read(json)
        } throws: { error in
            let error = error as? SpecError
            return error?.code == .missing && error?.field == ["image"]
                && error?.description.hasPrefix("container image missing") ?? false
        }
    }

    @Test(
        "What cannot be is refused by its field",
        arguments: [
            (#""env": {"API_TOKEN": "abc"}"#, ["env", "API_TOKEN"]),
            (#""env": ["DB_PASSWORD=abc"]"#, ["env", "DB_PASSWORD"]),
            (#""env": {"URL": "postgresql://u:pw@h/d"}"#, ["env", "URL"]),
            (#""env": {"TRANCHE_BATCH": "1"}"#, ["env", "TRANCHE_BATCH"]),
            (#""env": {"PIPELINE_EVENT": "1"}"#, ["env", "PIPELINE_EVENT"]),
            (#""env": {"a-b": "1"}"#, ["env"]),
            (#""memory": "0""#, ["memory"]), (#""memory": "x""#, ["memory"]),
            (#""cpus": 0"#, ["cpus"]), (#""stop_timeout": "0s""#, ["stop_timeout"]),
            (#""stop_timeout": 301"#, ["stop_timeout"]), (#""pull": "often""#, ["pull"]),
            (#""network": """#, ["network"]), (#""network": "container:x""#, ["network"]),
            (#""mounts": [{"source": "a", "target": "/b"}]"#, ["mounts", "0", "source"]),
            (#""labels": {"tranche.batch": "1"}"#, ["labels", "tranche.batch"]),
        ]
    )
    func refused(json: String, field: [String]) throws {
        #expect {
            try read(#"{"image": "a", \#(json)}"#)
        } throws: { error in
            let error = error as? SpecError
            return error?.field == field && !"\(error?.description ?? "")".contains("abc")
        }
    }

    @Test("A variable's value comes from here, never from the engine's own environment")
    func values() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data("secret\n".utf8).write(to: file)
        #expect(try ContainerVariable.file(file.path).value(of: "P", in: [:]) == "secret")
        try FileManager.default.removeItem(at: file)
        #expect(try ContainerVariable.passed().value(of: "A", in: ["A": ""]) == "")
        #expect(try ContainerVariable.passed(from: "B").value(of: "A", in: ["B": "b"]) == "b")
        for variable in [ContainerVariable.passed(), .file(file.path)] {
            #expect {
                try variable.value(of: "A", in: [:])
            } throws: {
                ($0 as? SpecError)?.field == ["env", "A"]
            }
        }
        let long = String(repeating: "s", count: 1 << 17)
        #expect {
            try ContainerVariable.passed().value(of: "A", in: ["A": long])
        } throws: {
            !"\($0)".contains("sss")
        }
    }

    @Test("The engine is found as told, by the environment, or where it usually is")
    func addresses() throws {
        func find(
            _ told: String? = nil,
            _ environment: [String: String] = [:],
            _ paths: Set<String> = []
        ) throws -> String {
            try ContainerAddress.find(told, environment: environment) { paths.contains($0) }
                .description
        }
        #expect(try find("/s", ["DOCKER_HOST": "tcp://h:1"]) == "unix:///s")
        #expect(try find(nil, ["DOCKER_HOST": "tcp://h:1"]) == "http://h:1")
        #expect(try find(nil, ["CONTAINER_HOST": "unix:///p"]) == "unix:///p")
        let both: Set = [
            "/run/podman/podman.sock", "/var/run/docker.sock", "/run/user/1/docker.sock",
        ]
        #expect(try find(nil, [:], both) == "unix:///run/podman/podman.sock")
        #expect(
            try find(nil, ["XDG_RUNTIME_DIR": "/run/user/1"], both)
                == "unix:///run/user/1/docker.sock"
        )
        #expect(throws: SpecError.self) { try find() }
        #expect(throws: SpecError.self) { try find("ssh://h/run/s") }
        #expect(throws: SpecError.self) { try find("http://u:pw@h") }
        #expect(throws: SpecError.self) {
            try find(nil, ["DOCKER_HOST": "tcp://h:1", "DOCKER_TLS_VERIFY": "1"])
        }
    }
}
