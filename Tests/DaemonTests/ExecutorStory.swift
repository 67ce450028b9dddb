import Actions
import Ambient
import CycleKit
import Glibc
import HTTP
import JSONParsing
import Model
import Simulator
import TestKit
import Testing

@testable import Cycle
@testable import Daemon
@testable import Journal

/// What suites about leases at adapters tell their stories with.
protocol ExecutorStory {
    var place: Workplace { get }
    var settings: MonitorSettings { get }
}

extension ExecutorStory {
    func executor(_ adapter: StubAdapter, _ core: Core) -> Executor {
        Executor(adapter: adapter, core: core, clock: place.clock, logger: .silent)
    }

    /// Passes until the noisy tenant is to be paused, without asking any adapter.
    func makeNoisy(_ core: Core) async { for _ in 0..<2 { await core.pass(Crowd.noisy, place.clock) } }

    func work(_ adapter: StubAdapter, _ core: Core) async {
        await executor(adapter, core).performDue(within: .minutes(2))
    }

    func lease() throws -> Lease {
        let row = try #require(try place.read { try $0.leases() }.first)
        return try Lease(document: JSON(parsing: Array(row.document.utf8)))
    }

    func placements() throws -> [Placement] {
        try place.read { journal in
            try journal.leases().flatMap { try journal.placements(lease: $0.id) }
                .map { try Placement(document: JSON(parsing: Array($0.document.utf8))) }
        }
    }

    func kinds() throws -> [String] { try place.read { try $0.audit().map(\.entry.kind) } }
}
