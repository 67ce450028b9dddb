import DecisionKit
import Model
import Testing

@testable import Guard

/// A runtime that answered nobody for less than a rule waits: on record, and nothing follows from it.
@Suite("Silences on record")
struct SilenceMarkTests {
    private func world(_ silent: ClosedRange<Int>, of steps: Int) throws -> World {
        var world = try LeaseTests.world("  down: {subject: runtime, when: up == 0, for: 1m, severity: critical, summary: s}")
        world.runs("a", 1)
        for step in 0..<steps {
            world.runtime["up"] = .value(silent.contains(step) ? 0 : 1)
            world.tick()
        }
        return world
    }

    @Test("one of just under a minute is a mark with its length; holds nothing back, compares nothing")
    func short() throws {
        let world = try world(3...7, of: 20)
        let mark = try #require(world.guardian.marks.first)
        #expect(world.guardian.marks.count == 1 && mark.title == "shared answered nobody for 50s")
        #expect(mark.at == World.start + .seconds(40) && mark.comparisons.isEmpty)
        #expect(!world.guardian.comparesMarks("shared", restart: nil, now: world.now + .minutes(11)))
        #expect(world.guardian.quietMark("shared", world.context.options, world.now) == nil)
        #expect(try GuardState(document: world.guardian.document).marks == world.guardian.marks)
    }

    @Test("blips, and one that goes on, are none", arguments: [3...4, 3...3, 3...19])
    func none(silent: ClosedRange<Int>) throws {
        #expect(try world(silent, of: 20).guardian.marks.isEmpty)
    }

    @Test("a monitor that was away says nothing of how long it lasted")
    func away() throws {
        var world = try world(3...7, of: 8)
        world.now = world.now + .minutes(5)
        world.runtime["up"] = .value(1)
        world.tick()
        #expect(world.guardian.marks.isEmpty)
    }
}
