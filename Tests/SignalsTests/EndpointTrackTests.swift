import Model
import Testing

@testable import Signals

/// Whatever endpoint there is: what is true of one track is true of all.
@Suite struct EndpointTrackTests {
    @Test(arguments: Endpoint.allCases)
    func eachEndpointOfAReplicaIsHeardTrimmedAndKept(_ endpoint: Endpoint) {
        var state = ReplicaState(url: "http://one")
        for at: Int64 in [1_000, 5_000] {
            state.change(endpoint, .lost(at: at, elapsedMilliseconds: 5, .unreachable, detail: "refused"))
        }
        // The gate stands before all replicas, and its counts are kept beside them.
        let isOfReplica = endpoint.traits.cadence != .fromMemory
        #expect(state.newestAt(endpoint) == (isOfReplica ? 5_000 : nil))
        #expect(state.wasHeard(endpoint, from: 0, to: 2_000) == isOfReplica)
        state.change(endpoint, .trimmed(before: 6_000))
        #expect(state.newestAt(endpoint) == (isOfReplica ? 5_000 : nil))
        #expect(!state.wasHeard(endpoint, from: 0, to: 2_000), "what is old is gone")
        // What is asked in the place of another shares its track.
        let hasOwn = isOfReplica && endpoint != .perfChats
        #expect((ReplicaState.keptSince(endpoint) != nil) == hasOwn)
    }

    /// A number that an older version has would compile, and the track be lost with every restart.
    @Test(arguments: Endpoint.allCases.filter { $0.traits.cadence != .fromMemory }, [true, false])
    func whatWasHeardIsKeptOverARestart(_ endpoint: Endpoint, _ whole: Bool) throws {
        var signals = RuntimeSignals(runtime: "shared", options: SignalOptions())
        signals.ingest(
            Sample(
                at: Timestamp(milliseconds: 1_000), runtime: "shared", replica: "http://one", elapsedMilliseconds: 1,
                content: .missing(endpoint, .error(status: 404), detail: "not here")))
        let bytes = whole ? signals.encoded() : signals.encodedCore()
        let restored = try RuntimeSignals(decoding: bytes, options: SignalOptions())
        #expect(restored.replicas.map { $0.newestAt(endpoint) } == [1_000])
    }

    @Test(arguments: Endpoint.all(.whereThere))
    func whatOnlySomeBuildsHaveIsAskedNowAndThen(_ endpoint: Endpoint) {
        var signals = RuntimeSignals(runtime: "shared", options: SignalOptions())
        #expect(signals.isDue(endpoint, replica: "http://one", now: Timestamp(milliseconds: 0)), "nobody has looked yet")
        signals.ingest(
            Sample(
                at: Timestamp(milliseconds: 1_000), runtime: "shared", replica: "http://one", elapsedMilliseconds: 1,
                content: .missing(endpoint, .error(status: 404), detail: "")))
        func isDue(_ second: Int64) -> Bool {
            signals.isDue(endpoint, replica: "http://one", now: Timestamp(milliseconds: second * 1_000))
        }
        #expect(!isDue(60) && !isDue(300) && isDue(301) && isDue(0), "in five minutes, and when the clock was set back")
    }
}
