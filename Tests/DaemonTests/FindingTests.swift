import Ambient
import Collector
import CycleKit
import HTTP
import Model
import Synchronization
import TestKit
import Testing

@testable import Cycle
@testable import Daemon

/// Replicas that are found, in the loop: who is asked when, what the log says of it, and what a restart knows.
@Suite struct FindingTests {
    static let one = "http://10.0.0.1:8000"
    static let two = "http://10.0.0.2:8000"
    let place = Workplace()

    /// Says what a test has it say; nil: nobody can be asked.
    final class Script: TargetSource {
        let name = "dns runtime.internal"
        let refresh = TimeSpan.seconds(30)
        private let list: Mutex<[String]?>

        init(_ list: [String]?) { self.list = Mutex(list) }

        func say(_ list: [String]?) { self.list.withLock { $0 = list } }

        func find() async throws(TargetFault) -> TargetList {
            guard let list = list.withLock({ $0 }) else { throw TargetFault(.timeout, "no answer within 5s") }
            return TargetList(source: name, replicas: list)
        }
    }

    private var settings: MonitorSettings {
        var settings = Crowd.settings()
        settings.runtimes = [WatchedRuntime(name: Crowd.runtime, replicas: [])]
        return settings
    }

    private func target(_ script: Script) throws -> Target {
        var target = Target(runtime: Crowd.runtime, replicas: [], authenticator: Authenticator(.none, client: try HTTPClient()))
        target.finder = TargetFinder(script, of: Crowd.runtime, clock: place.clock)
        return target
    }

    /// So many cycles, ten seconds apart; whom each of them asked.
    private func run(_ core: Core, _ target: Target, cycles: Int) async -> [[String]] {
        let asked = Mutex<[[String]]>([])
        for _ in 0..<cycles {
            let now = place.clock.now()
            let observations = await core.look(at: target) { _, due in
                asked.withLock { $0.append(due.map(\.replica)) }
                return due.flatMap { Crowd.poll(Crowd.calm, at: now, replica: $0.replica) }
            }
            await core.cycle(Crowd.runtime, observations)
            place.clock.advance(by: .seconds(10))
        }
        return asked.withLock { $0 }
    }

    private func said(_ text: String) -> Int { place.lines.containing(text).count }

    @Test("a replica that is found and that another runtime has by its configuration is told of once")
    func ofTwoRuntimes() async throws {
        var settings = settings
        settings.runtimes.append(WatchedRuntime(name: "other", replicas: [Self.two]))
        let script = Script([Self.one, Self.two])
        let core = try place.core(settings)
        _ = await run(core, try target(script), cycles: 3)
        let line = try #require(place.lines.containing("a replica is another runtime's as well").first)
        #expect(line.contains(Self.two) && line.contains("other") && said("a replica is another runtime's as well") == 1, "\(line)")
    }

    @Test("who is there is asked before the first poll, and later beside a poll: from the next one on it counts")
    func order() async throws {
        let script = Script([Self.one])
        let core = try place.core(settings)
        let target = try target(script)
        #expect(await run(core, target, cycles: 2) == [[Self.one], [Self.one]])
        script.say([Self.one, Self.two])
        // Asked again at 30 s.
        #expect(await run(core, target, cycles: 3) == [[Self.one], [Self.one], [Self.one, Self.two]])
        #expect(said("msg=replicas ") == 2, "\(place.lines.text)")
        script.say([Self.two])
        _ = await run(core, target, cycles: 6)
        #expect(said("msg=replicas ") == 3 && said("gone=\(Self.one)") == 1, "\(place.lines.text)")
        #expect(await core.due(Crowd.runtime).map(\.replica) == [Self.two])
    }

    @Test("a restart knows who was there, whoever can be asked; that nobody can is said once")
    func restart() async throws {
        let first = try place.core(settings)
        _ = await run(first, try target(Script([Self.one, Self.two])), cycles: 2)
        #expect(await first.drain())
        await first.close()
        let script = Script(nil)
        let second = try place.core(settings)
        let target = try target(script)
        let asked = await run(second, target, cycles: 8)
        #expect(asked == Array(repeating: [Self.one, Self.two], count: 8))
        #expect(said("who the replicas are cannot be said for sure") == 1, "\(place.lines.text)")
        script.say([Self.one, Self.two])
        _ = await run(second, target, cycles: 4)
        #expect(said("who the replicas are is known again") == 1, "\(place.lines.text)")
    }
}
