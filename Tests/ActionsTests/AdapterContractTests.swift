import Ambient
import HTTP
import Model
import Simulator
import TestKit
import Testing

@testable import Actions

/// What every adapter keeps to, whatever the other side does.
@Suite struct AdapterContractTests {
    // MARK: - The life of a lease

    @Test("put => held => reverted => gone", arguments: AdapterUnderContract.allCases)
    func life(kind: AdapterUnderContract) async throws {
        let setup = try Setup(kind)
        let (order, landing) = await setup.land(setup.order())
        #expect(Outcome(landing) == .done, "\(landing)")
        #expect(kind.isInForce(order, at: setup.plane))
        #expect(await setup.adapter.held([order]) == .known(inForce: [order.id], strangers: []))
        #expect(await setup.adapter.revert(order) == .undone)
        #expect(kind.isClean(setup.plane))
        #expect(await setup.adapter.held([order]) == .known(inForce: [], strangers: []))
        let again = await setup.adapter.revert(order)
        #expect([.done, .alreadyGone].contains(Outcome(again)), "\(again)")
        #expect(kind.isClean(setup.plane))
        await setup.end()
    }

    @Test("a lease that was never put is already gone, or undone", arguments: AdapterUnderContract.allCases)
    func neverPut(kind: AdapterUnderContract) async throws {
        let setup = try Setup(kind)
        #expect(await setup.adapter.revert(setup.order()) == .alreadyGone)
        // Looked at and journaled, and then the process was killed.
        guard case .ready(let memo) = await setup.adapter.prepare(setup.order()) else { return #expect(Bool(false)) }
        let undoing = await setup.adapter.revert(setup.order(memo: memo))
        #expect([.done, .alreadyGone].contains(Outcome(undoing)), "\(undoing)")
        #expect(kind.isClean(setup.plane))
        await setup.end()
    }

    @Test("killed after the put: put again is the same lease", arguments: AdapterUnderContract.allCases)
    func again(kind: AdapterUnderContract) async throws {
        let setup = try Setup(kind)
        guard case .ready(let memo) = await setup.adapter.prepare(setup.order()) else { return #expect(Bool(false)) }
        let order = setup.order(memo: memo)
        for _ in 0..<3 { #expect(Outcome(await setup.adapter.put(order)) == .done) }
        #expect(kind.isInForce(order, at: setup.plane))
        let begun = setup.plane.log.filter { $0.kind == .began || $0.kind == .changed }
        #expect(begun.count == (kind == .entitlements ? 0 : 1))
        // What the first put returned is lost; what was there before is not.
        #expect(await setup.adapter.revert(order) == .undone)
        #expect(kind.isClean(setup.plane))
        await setup.end()
    }

    @Test("extended => stricter => looser => reverted", arguments: AdapterUnderContract.allCases)
    func changed(kind: AdapterUnderContract) async throws {
        let setup = try Setup(kind)
        var memo: AdapterMemo?
        for (runs, minutes) in [(3, 15), (3, 30), (1, 30), (4, 60)] {
            let (order, landing) = await setup.land(setup.order(runs: runs, minutes: minutes, memo: memo))
            #expect(Outcome(landing) == .done, "\(runs): \(landing)")
            #expect(kind.isInForce(order, at: setup.plane), "\(runs)")
            #expect(await setup.adapter.held([order]) == .known(inForce: [order.id], strangers: []))
            memo = order.memo
        }
        #expect(await setup.adapter.revert(setup.order(runs: 4, minutes: 60, memo: memo)) == .undone)
        #expect(kind.isClean(setup.plane))
        await setup.end()
    }

    @Test("the receiver ends it, or the monitor must", arguments: AdapterUnderContract.allCases)
    func expiry(kind: AdapterUnderContract) async throws {
        let setup = try Setup(kind)
        let (order, _) = await setup.land(setup.order())
        setup.clock.advance(by: .minutes(16))
        let expiry = setup.adapter.capability(for: order.key)?.expiry
        #expect(kind.isClean(setup.plane) == (kind != .entitlements))
        #expect(expiry == (kind == .leaseAPI ? .receiver : .monitor))
        let undoing = await setup.adapter.revert(order)
        #expect(Outcome(undoing) == (kind == .entitlements ? .done : .alreadyGone), "\(undoing)")
        #expect(kind.isClean(setup.plane))
        await setup.end()
    }

    @Test("two adapters over one receiver do the same", arguments: AdapterUnderContract.allCases)
    func stateless(kind: AdapterUnderContract) async throws {
        let setup = try Setup(kind)
        let (order, _) = await setup.land(setup.order())
        let client = try HTTPClient()
        let other = kind.make(client, clock: setup.clock, base: setup.plane.url)
        #expect(await other.held([order]) == .known(inForce: [order.id], strangers: []))
        #expect(await other.revert(order) == .undone)
        #expect(kind.isClean(setup.plane))
        await client.shutdown()
        await setup.end()
    }

    // MARK: - Misbehaviour

    /// A fault while putting, and what `put` may say of it.
    static let putFaults: [(name: String, fault: ControlPlaneFault.Kind, put: [AdapterUnderContract: Outcome])] = [
        ("400", .refuse(status: 400), [.leaseAPI: .refused, .entitlements: .refused, .webhook: .retry]),
        ("401", .refuse(status: 401), [.leaseAPI: .retry, .entitlements: .retry, .webhook: .retry]),
        ("403", .refuse(status: 403), [.leaseAPI: .retry, .entitlements: .retry, .webhook: .retry]),
        ("404", .refuse(status: 404), [.leaseAPI: .refused, .entitlements: .refused, .webhook: .retry]),
        ("409", .refuse(status: 409), [.leaseAPI: .refused, .entitlements: .refused, .webhook: .retry]),
        ("422", .refuse(status: 422), [.leaseAPI: .refused, .entitlements: .refused, .webhook: .retry]),
        ("204", .refuse(status: 204), [.leaseAPI: .retry, .entitlements: .retry, .webhook: .retry]),
        ("302", .refuse(status: 302), [.leaseAPI: .retry, .entitlements: .retry, .webhook: .retry]),
        ("429", .refuse(status: 429), [.leaseAPI: .retry, .entitlements: .retry, .webhook: .retry]),
        ("500, nothing done", .refuse(status: 500), [.leaseAPI: .retry, .entitlements: .retry, .webhook: .retry]),
        ("503", .refuse(status: 503), [.leaseAPI: .retry, .entitlements: .retry, .webhook: .retry]),
        ("hangs", .hang, [.leaseAPI: .retry, .entitlements: .retry, .webhook: .retry]),
        ("slower than we wait", .slow(seconds: 60), [.leaseAPI: .retry, .entitlements: .retry, .webhook: .retry]),
        ("does it, and the answer is lost", .lost, [.leaseAPI: .retry, .entitlements: .retry, .webhook: .retry]),
        ("says 200 and does nothing", .ignores, [.leaseAPI: .refused, .entitlements: .refused, .webhook: .refused]),
        ("half applied", .halfApplied, [.leaseAPI: .retry, .entitlements: .retry, .webhook: .retry]),
        ("does something else", .distorts, [.leaseAPI: .refused, .entitlements: .refused, .webhook: .done]),
        ("answers nonsense", .garbage, [.leaseAPI: .done, .entitlements: .retry, .webhook: .retry]),
        ("signed by someone else", .forged, [.leaseAPI: .done, .entitlements: .done, .webhook: .retry]),
        ("an old answer", .replayed, [.leaseAPI: .done, .entitlements: .done, .webhook: .retry]),
        ("our question as its answer", .reflected, [.leaseAPI: .done, .entitlements: .done, .webhook: .retry]),
    ]

    @Test("put fails, is never believed, and leaves nothing", arguments: AdapterUnderContract.allCases, putFaults.map(\.name))
    func putFault(kind: AdapterUnderContract, name: String) async throws {
        let entry = try #require(Self.putFaults.first { $0.name == name })
        let waits = entry.fault == .hang || entry.fault == .slow(seconds: 60)
        let setup = try Setup(kind, timeoutMs: waits ? 300 : 10_000)
        guard case .ready(let memo) = await setup.adapter.prepare(setup.order()) else { return #expect(Bool(false)) }
        let order = setup.order(memo: memo)
        if entry.fault == .replayed, kind == .webhook {
            // There must be an old answer: to the same question about the same lease.
            _ = await setup.adapter.put(order)
            _ = await setup.adapter.revert(order)
        }
        setup.plane.inject(ControlPlaneFault(kind.part, entry.fault, on: .writes))
        let landing = await setup.adapter.put(order)
        let isReadBroken = entry.fault == .garbage && kind == .leaseAPI
        if isReadBroken {
            // A put whose answer says nothing, and a lease that is not there.
            #expect([.refused, .retry].contains(Outcome(landing)), "\(landing)")
        } else {
            #expect(Outcome(landing) == entry.put[kind], "\(landing)")
        }
        if Outcome(landing) != .done { expectFitForPeople(landing.reason) }
        setup.plane.clearFaults()
        if Outcome(landing) == .retry {
            #expect(Outcome(await setup.adapter.put(order)) == .done, "it lands when the fault is over")
            #expect(kind.isInForce(order, at: setup.plane))
        }
        let undoing = await setup.adapter.revert(order)
        if kind == .entitlements, entry.fault == .distorts {
            // A value that is neither what was there nor what we set is someone else's, as far as can be seen.
            #expect(Outcome(undoing) == .overwritten)
        } else {
            #expect([.done, .alreadyGone].contains(Outcome(undoing)), "\(undoing)")
            #expect(kind.isClean(setup.plane))
        }
        await setup.end()
    }

    /// Faults while reverting: it is not given up, and never said to be done when it is not.
    static let revertFaults: [(name: String, fault: ControlPlaneFault.Kind)] =
        [400, 401, 403, 405, 409, 422, 429, 500, 503].map { ("\($0)", .refuse(status: $0)) } + [
            ("hangs", .hang), ("slower than we wait", .slow(seconds: 60)), ("does it, and the answer is lost", .lost),
            ("says 200 and does nothing", .ignores), ("half applied", .halfApplied), ("answers nonsense", .garbage),
            ("signed by someone else", .forged), ("an old answer", .replayed), ("our question as its answer", .reflected),
        ]

    @Test("revert is not given up", arguments: AdapterUnderContract.allCases, revertFaults.map(\.name))
    func revertFault(kind: AdapterUnderContract, name: String) async throws {
        let entry = try #require(Self.revertFaults.first { $0.name == name })
        let waits = entry.fault == .hang || entry.fault == .slow(seconds: 60)
        let setup = try Setup(kind, timeoutMs: waits ? 300 : 10_000)
        let (order, landing) = await setup.land(setup.order())
        #expect(Outcome(landing) == .done)
        setup.plane.inject(ControlPlaneFault(kind.part, entry.fault, on: .writes))
        let undoing = await setup.adapter.revert(order)
        if Outcome(undoing) == .done || Outcome(undoing) == .alreadyGone {
            #expect(kind.isClean(setup.plane), "said so: \(undoing)")
        } else {
            #expect(Outcome(undoing) == .retry, "\(undoing)")
            expectFitForPeople(undoing.reason)
        }
        setup.plane.clearFaults()
        let last = await setup.adapter.revert(order)
        #expect([.done, .alreadyGone].contains(Outcome(last)), "\(last)")
        #expect(kind.isClean(setup.plane))
        await setup.end()
    }

    @Test("forgotten by a restart: held says so, revert has nothing to do", arguments: AdapterUnderContract.allCases)
    func forgotten(kind: AdapterUnderContract) async throws {
        let setup = try Setup(kind)
        let (order, _) = await setup.land(setup.order())
        setup.plane.restart()
        #expect(await setup.adapter.held([order]) == .known(inForce: [], strangers: []))
        #expect(await setup.adapter.revert(order) == .alreadyGone)
        await setup.end()
    }

    @Test("what cannot be asked is not known", arguments: AdapterUnderContract.allCases)
    func unknown(kind: AdapterUnderContract) async throws {
        let setup = try Setup(kind)
        let (order, _) = await setup.land(setup.order())
        for fault in [ControlPlaneFault.Kind.refuse(status: 503), .refuse(status: 401), .garbage, .lost] {
            setup.plane.inject(ControlPlaneFault(kind.part, fault))
            guard case .unknown(let reason) = await setup.adapter.held([order]) else {
                return #expect(Bool(false), "\(fault)")
            }
            expectFitForPeople(reason)
            setup.plane.clearFaults()
        }
        await setup.end()
    }

    // MARK: - The network

    static let failures: [(name: String, behave: MisbehavingServer.Behaviour)] = [
        ("closes at once", { _, peer in peer.close() }), ("resets", { _, peer in peer.reset() }),
        ("hangs", { _, peer in peer.waitUntilClosed() }),
        (
            "half a body",
            { _, peer in
                peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"leases\":")
                peer.close()
            }
        ),
        ("a web page", { _, peer in peer.answer(200, "<!DOCTYPE html><h1>Sign in</h1>") }),
        ("nothing", { _, peer in peer.answer(200, "") }),
        ("the wrong types", { _, peer in peer.answer(200, #"{"leases":{},"app_id":3,"rate_limits":[],"nonce":null}"#) }),
        ("depth", { _, peer in peer.answer(200, String(repeating: "[", count: 5_000)) }),
        ("bytes", { _, peer in peer.answer(200, String(decoding: (0...255).map { UInt8($0) }, as: Unicode.UTF8.self)) }),
        (
            "an echo of everything",
            { request, peer in
                peer.answer(400, "{\"detail\":\"\(request.head.filter { $0 != "\r" && $0 != "\n" && $0 != "\"" })\"}")
            }
        ),
    ]

    @Test("a broken peer is no yes and no no", arguments: AdapterUnderContract.allCases, failures.map(\.name))
    func broken(kind: AdapterUnderContract, name: String) async throws {
        let entry = try #require(Self.failures.first { $0.name == name })
        let server = try MisbehavingServer(entry.behave)
        defer { server.stop() }
        let setup = try Setup(kind)
        let (order, _) = await setup.land(setup.order())
        let client = try HTTPClient()
        let adapter = kind.make(client, clock: setup.clock, base: server.url, timeoutMs: name == "hangs" ? 250 : 10_000)
        let landing = await adapter.put(order)
        #expect([.retry, .refused].contains(Outcome(landing)), "\(landing)")
        expectFitForPeople(landing.reason)
        let undoing = await adapter.revert(order)
        #expect(Outcome(undoing) == .retry, "\(undoing)")
        expectFitForPeople(undoing.reason)
        guard case .unknown = await adapter.held([order]) else { return #expect(Bool(false)) }
        await client.shutdown()
        await setup.end()
    }

    @Test("cancelling ends an attempt", arguments: AdapterUnderContract.allCases)
    func cancellation(kind: AdapterUnderContract) async throws {
        let setup = try Setup(kind, timeoutMs: 600_000)
        guard case .ready(let memo) = await setup.adapter.prepare(setup.order()) else { return #expect(Bool(false)) }
        setup.plane.inject(ControlPlaneFault(kind.part, .hang))
        let before = setup.plane.log.count
        let task = Task { await setup.adapter.put(setup.order(memo: memo)) }
        while setup.plane.log.count == before { await Task.yield() }
        task.cancel()
        #expect(Outcome(await task.value) == .retry)
        await setup.end()
    }

    @Test("no token, no secret: told, and nothing printed", arguments: AdapterUnderContract.allCases)
    func secrets(kind: AdapterUnderContract) async throws {
        let setup = try Setup(kind)
        var text = "\(setup.adapter)"
        dump(setup.adapter, to: &text)
        #expect(!text.contains(AdapterUnderContract.token) && !text.contains(AdapterUnderContract.secret))
        await setup.end()
    }
}
