import Glibc
import Model
import Simulator

/// A simulated runtime on loopback in a process of its own, with about so many chats and so many apps. Prints its URL and
/// serves until standard input ends.
enum SimulatedRuntimeProcess {
    static func run(_ words: ArraySlice<String>) throws {
        let numbers = words.compactMap { Int($0) }
        guard numbers.count == 2, numbers[0] >= 0, numbers[1] > 0 else {
            throw BenchFailure("simulate needs CHATS and APPS")
        }
        var scenario = Scenario(name: "bench", summary: "a steady load with every counter alive")
        scenario.counters = .all
        // About a twentieth of a thousand chats is open; few new ones come, so that the size stays what it is called.
        let startsPerMinute = 12.0
        scenario.trackedBefore = max(0, numbers[0] - 60)
        scenario.tenants = (0..<numbers[1]).map { index in
            Tenant(
                "app-\(index)", workflows: ["HelloWorld", "Support", "Generator"], users: 10,
                loads: [Load(startsPerMinute: startsPerMinute / Double(numbers[1]), runSeconds: 120...300)])
        }
        let server = SimulatorServer(scenario)
        try server.start()
        say("url \(server.urls[0])")
        while readLine() != nil {}
        server.stop()
    }
}
