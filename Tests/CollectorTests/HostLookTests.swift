import Ambient
import Glibc
import HTTP
import Model
import TestKit
import Testing

@testable import Collector

/// One look at a machine is one observation, whatever hangs.
@Suite struct HostLookTests {
    /// A clock on which nobody's patience ends, however busy the machine is.
    private struct Patient: Clock {
        func now() -> Timestamp { Timestamp(milliseconds: 1_796_050_000_000) }
        func monotonicNanoseconds() -> UInt64 { 0 }
        func sleep(for span: TimeSpan) async throws(CancellationError) {
            try await SystemClock().sleep(for: .hours(24))
        }
    }

    private static let folder = Fixtures.repository + "/Tests/Fixtures/hosts/linux-6.8-container-limits"

    private func view(_ outcome: Observation.Outcome) throws -> HostView {
        let observation = Observation(
            at: Timestamp(milliseconds: 0), runtime: "this", replica: "/proc", endpoint: .host, elapsedMilliseconds: 1, outcome: outcome)
        guard case .host(let view) = Decoder.decode(observation) else { throw Unexpected(text: "\(Decoder.decode(observation))") }
        return view
    }

    private struct Unexpected: Error { let text: String }

    @Test func theMachineSaysHowItIs() async throws {
        let look = HostLook(
            proc: Self.folder + "/proc", cgroup: Self.folder + "/cgroup", mounts: ["/", "/nowhere/at/all"], timeout: .minutes(1),
            clock: Patient())
        let view = try view(await look.look())
        #expect(view.cores == 4 && view.group.cpuLimit == 1.5)
        #expect(view.mounts.map(\.path) == ["/", "/nowhere/at/all"])
        #expect(view.mounts[0].space != nil && view.mounts[1].missing?.reason == .unreachable)
    }

    @Test func whatIsNoKernelsFolderIsNoAnswer() async {
        let look = HostLook(proc: "/nowhere", cgroup: "/nowhere", mounts: [], timeout: .minutes(1), clock: Patient())
        guard case .failure(.other, let detail) = await look.look() else {
            Issue.record("a folder that is not there answered")
            return
        }
        #expect(detail == "/nowhere: no stat; no meminfo")
    }

    @Test func whatMountsSayIsKnownWithoutAKernelsFolder() async throws {
        let look = HostLook(proc: "/nowhere", cgroup: "/nowhere", mounts: ["/"], timeout: .minutes(1), clock: Patient())
        let view = try view(await look.look())
        #expect(view.mounts.map(\.path) == ["/"] && view.mounts[0].space != nil)
        #expect(view.missing[.cpu]?.detail == "no stat" && view.missing[.memory]?.detail == "no meminfo")
    }

    @Test func aMountThatHangsHoldsUpNobodyAndIsAskedOnce() async throws {
        let door = Door()
        let asked = Counting()
        let look = HostLook(
            proc: Self.folder + "/proc", cgroup: Self.folder + "/cgroup", mounts: ["/data"], timeout: .minutes(1), clock: Patient()
        ) { path in
            asked.next()
            door.wait()
            return HostView.Mount(path: path)
        }
        let hung = Task { await look.look() }
        // The second look comes while the first is asking.
        while asked.count == 0 { await Task.yield() }
        // The first may still be at the files.
        var outcome = await look.look()
        while case .failure = outcome { outcome = await look.look() }
        let view = try view(outcome)
        #expect(view.cores == 4, "the rest is read all the same")
        #expect(view.mounts.map(\.missing?.reason) == [.unreachable])
        #expect(view.mounts[0].missing?.detail.hasPrefix("/data has not answered for ") == true)
        #expect(asked.count == 1)
        door.open()
        #expect(try self.view(await hung.value).mounts == [HostView.Mount(path: "/data")])
    }

    @Test func theTapeHasWhatTheDecoderSaw() async throws {
        let look = HostLook(
            proc: Self.folder + "/proc", cgroup: Self.folder + "/cgroup", mounts: ["/"], timeout: .minutes(1), clock: Patient())
        let client = try HTTPClient()
        let target = Target(
            WatchedRuntime(name: "this", kind: .host, replicas: ["/proc"]), authenticator: Authenticator(.none, client: client),
            timeout: .minutes(1), look: look)
        let observations = await Poller(client: client).poll(target, target.replicas.map { ($0, target.whole) })
        await client.shutdown()
        #expect(observations.map(\.endpoint) == [.host] && observations.map(\.runtime) == ["this"])
        #expect(observations.map(\.replica) == ["/proc"])
        #expect(try view(observations[0].outcome).memory?.percentUsed == 25)
    }
}

/// Counts from 1, for several threads.
final class Counting: Sendable {
    private let value = ConditionLock(UInt64(0))

    var count: UInt64 { value.locked { $0 } }

    @discardableResult func next() -> UInt64 {
        value.locked {
            $0 += 1
            return $0
        }
    }
}
