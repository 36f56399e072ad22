import Testing
import TrancheTestKit

@testable import Tranche

@Suite struct ProcessNameTests {
    private func name(_ process: Int32, _ numbering: String?, seed: UInt64 = 1) -> String {
        var generator = SplitMix64(seed: seed)
        return ProcessName(host: "vm", process: process, numbering: numbering, &generator).text
    }

    @Test("A process of the host is known by its number alone")
    func onHost() {
        #expect(name(4711, ProcessName.hostNumbering) == "vm:4711")
        #expect(name(4711, nil) == "vm:4711")
    }

    @Test("Processes of containers on one host's network have names of their own")
    func inContainers() {
        let names = (0..<6).map { name(1, "pid:[4026532\($0)81]", seed: $0) }
        #expect(Set(names).count == 6)
        #expect(names.allSatisfy { $0.wholeMatch(of: /vm:1-[a-z2-9]{5}/) != nil })
        #expect(name(7, "pid:[4026532281]").hasPrefix("vm:7-"))
        #expect(name(1, ProcessName.hostNumbering).hasPrefix("vm:1-"))
    }

    @Test("The name stays for the life of the process")
    func stable() {
        #expect(Inventory.Configuration.processName == Inventory.Configuration().worker)
        #expect(ProcessName.own.text == Inventory.Configuration.processName)
    }
}
