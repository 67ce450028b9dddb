import Ambient
import Glibc
import HTTP
import Model
import Synchronization
import TestKit
import Testing

@testable import Collector

/// Who says who the replicas are: names, files, servers, and what each says when something is wrong with it.
@Suite struct TargetSourceTests {
    private func fault(_ source: any TargetSource) async -> TargetFault? {
        do {
            _ = try await source.find()
            return nil
        } catch {
            return error
        }
    }

    // MARK: Names

    @Test("each address of a name is a replica, told apart by its URL")
    func addresses() async throws {
        let asked = Mutex<[String]>([])
        let resolver = NameResolver { name, family in
            asked.withLock { $0.append("\(name) \(family.rawValue)") }
            return .addresses(family == .ipv4 ? ["10.0.0.9", "10.0.0.10", "10.0.0.9"] : ["fd00::5"])
        }
        let four = try await AddressTargets(host: "runtime.internal", port: 8_000, resolver: resolver).find()
        #expect(four.replicas == ["http://10.0.0.10:8000", "http://10.0.0.9:8000"] && four.source == "dns runtime.internal")
        let six = try await AddressTargets(host: "runtime.internal", port: 443, scheme: "https", family: .ipv6, resolver: resolver).find()
        #expect(six.replicas == ["https://[fd00::5]:443"])
        #expect(asked.withLock { $0 } == ["runtime.internal A", "runtime.internal AAAA"])
    }

    @Test("a name without addresses is an answer; a server that fails is none")
    func noAddresses() async throws {
        let empty = AddressTargets(host: "x", port: 1, resolver: NameResolver { _, _ in .addresses([]) })
        #expect(try await empty.find().replicas.isEmpty)
        let failing = AddressTargets(host: "x", port: 1, resolver: NameResolver { _, _ in .failure("Temporary failure") })
        #expect(await fault(failing) == TargetFault(.unresolvable, "Temporary failure"))
    }

    @Test("a resolver that hangs is waited for so long and no longer, and not asked a second time meanwhile")
    func hangs() async throws {
        let released = ConditionLock(false)
        let count = Atomic(0)
        let source = AddressTargets(
            host: "x", port: 1,
            resolver: NameResolver { _, _ in
                count.add(1, ordering: .relaxed)
                _ = released.wait(atMost: 60) { $0 ? true : nil }
                return .addresses([])
            }, patience: TimeSpan(milliseconds: 20))
        #expect(await fault(source)?.failure == .timeout)
        #expect(await fault(source) == TargetFault(.timeout, "the question before this one has no answer yet"))
        #expect(count.load(ordering: .relaxed) == 1)
        released.change { $0 = true }
    }

    @Test("the system's own resolver knows this machine")
    func system() {
        guard case .addresses(let found) = NameResolver.system.resolve("localhost", .ipv4) else {
            Issue.record("localhost has no address")
            return
        }
        #expect(Set(found) == ["127.0.0.1"])
    }

    @Test("a replica that was found as an address is asked by the name, in Host as in TLS")
    func hostOfTheName() async throws {
        let server = try MisbehavingServer { _, peer in peer.answer(200, "{}") }
        defer { server.stop() }
        let client = try HTTPClient()
        var target = Target(runtime: "shared", replicas: [], authenticator: Authenticator(.none, client: client))
        let source = AddressTargets(
            host: "runtime.invalid", port: Int(server.port), resolver: NameResolver { _, _ in .addresses(["127.0.0.1"]) })
        target.finder = TargetFinder(source, of: "shared")
        let observations = await Poller(client: client).look(at: target, [.health])
        await client.shutdown()
        #expect(observations.map(\.endpoint) == [.targets, .health])
        #expect(observations.first?.namedReplicas == ["http://127.0.0.1:\(server.port)"])
        #expect(observations.last?.replica == "http://127.0.0.1:\(server.port)")
        #expect(server.requests.map(\.path) == ["/api/health"])
        #expect(server.requests.first?.head.contains("Host: runtime.invalid:\(server.port)") == true)
    }

    @Test(
        "an address gives its place to the name",
        arguments: [
            ("http://10.0.0.5:8000", "http://runtime.internal:8000", "10.0.0.5"),
            ("https://[fd00::5]:443", "https://runtime.internal:443", "fd00::5"),
        ])
    func named(url: String, asked: String, address: String) throws {
        let place = try #require(TargetURL.named(url, "runtime.internal"))
        #expect(place.url == asked && place.address == address)
    }

    @Test("a finder asks as often as its source wants to be asked, and tells what came of it as an observation")
    func finder() async throws {
        struct Moving: Clock {
            let elapsed: @Sendable () -> UInt64
            func now() -> Timestamp { Timestamp(milliseconds: 1_795_251_600_000 + Int64(elapsed() / 1_000_000)) }
            func monotonicNanoseconds() -> UInt64 { elapsed() }
            func sleep(for span: TimeSpan) async throws(CancellationError) {}
        }
        let seconds = Atomic<UInt64>(0)
        let isAway = Atomic(false)
        let clock = Moving { seconds.load(ordering: .relaxed) * 1_000_000_000 }
        let resolver = NameResolver { _, _ in isAway.load(ordering: .relaxed) ? .failure("no server") : .addresses(["10.0.0.1"]) }
        let finder = TargetFinder(AddressTargets(host: "r", port: 1, resolver: resolver), of: "shared", clock: clock)
        #expect(await !finder.hasLooked)
        let first = try #require(await finder.look())
        #expect(first.runtime == "shared" && first.replica == Observation.targets && first.namedReplicas == ["http://10.0.0.1:1"])
        #expect(await finder.hasLooked)
        seconds.store(29, ordering: .relaxed)
        #expect(await finder.look() == nil)
        seconds.store(30, ordering: .relaxed)
        isAway.store(true, ordering: .relaxed)
        let second = try #require(await finder.look())
        guard case .failure(.unresolvable, let detail) = second.outcome else {
            Issue.record("no failure")
            return
        }
        #expect(detail == "dns r: no server" && second.namedReplicas == nil)
        #expect(second.at == first.at + .seconds(30))
    }

    // MARK: Service records

    /// `_r._tcp.x SRV`: two records, the second's target compressed, and one without a service.
    private static let message: [UInt8] = {
        func record(_ port: UInt16, _ target: [UInt8]) -> [UInt8] {
            let data: [UInt8] = [0, 10, 0, 5, UInt8(port >> 8), UInt8(port & 0xFF)] + target
            return [0xC0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, UInt8(data.count)] + data
        }
        func label(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
        var message: [UInt8] = [0, 1, 0x81, 0x80, 0, 1, 0, 3, 0, 0, 0, 0]
        message += label("_r") + label("_tcp") + label("x")
        message += [0, 0, 33, 0, 1]
        message += record(8_000, label("a") + label("x") + [0])
        // The last label of the question's name, 20 bytes from the beginning.
        message += record(8_001, label("b") + [0xC0, 20])
        message += record(8_002, [0])
        return message
    }()

    @Test("service records bring names and ports")
    func services() async throws {
        let list = try await ServiceTargets(record: "_r._tcp.x") { _ in .message(Self.message) }.find()
        #expect(list.replicas == ["http://a.x:8000", "http://b.x:8001"] && list.source == "dns _r._tcp.x (SRV)")
        #expect(try await ServiceTargets(record: "_r._tcp.x") { _ in .nothing }.find().replicas.isEmpty)
        #expect(await fault(ServiceTargets(record: "x") { _ in .failure("Host name lookup failure") })?.failure == .unresolvable)
        #expect(await fault(ServiceTargets(record: "x") { _ in .message([1, 2, 3]) })?.failure == .malformed)
    }

    @Test("a message that ends early, or whose names run in circles, is no message")
    func hostile() {
        for length in 0..<Self.message.count { #expect(ServiceRecord.all(in: Array(Self.message.prefix(length))) == nil, "\(length)") }
        var circle = Self.message
        circle[12] = 0xC0
        circle[13] = 12
        #expect(ServiceRecord.all(in: circle) == nil)
    }

    // MARK: Lists

    @Test("files in Prometheus' form: groups, schemes, and the labels that all targets have alike")
    func files() async throws {
        let folder = TemporaryFolder()
        folder.write(
            #"[{"targets": ["10.0.0.1:8000", "runtime-2:8000"], "labels": {"tier": "gold", "zone": "a", "__scheme__": "https", "__metrics_path__": "/m"}}]"#,
            to: "a.json")
        folder.write(
            "- targets: ['[fd00::5]:8000']\n  labels: {tier: gold, zone: b}\n- targets: []\n  labels: {tier: iron}\n", to: "b.yaml")
        folder.write("nonsense", to: "c.txt")
        let source = FileTargets(paths: [folder.path("*.json"), folder.path("*.yaml")])
        let list = try await source.find()
        #expect(list.replicas == ["http://[fd00::5]:8000", "https://10.0.0.1:8000", "https://runtime-2:8000"])
        #expect(list.labels == ["tier": "gold"] && list.remark == nil)
    }

    @Test("of a file that is broken, or half written, what it said before holds, and that is said; a whole one heals it")
    func broken() async throws {
        let folder = TemporaryFolder()
        let file = folder.write(#"[{"targets": ["10.0.0.1:8000"]}]"#, to: "a.json")
        folder.write(#"[{"targets": ["10.0.0.9:8000"]}]"#, to: "b.json")
        let source = FileTargets(paths: [folder.path("*.json")])
        #expect(try await source.find().replicas == ["http://10.0.0.1:8000", "http://10.0.0.9:8000"])
        folder.write(#"[{"targets": ["10.0.0.1:8000", "10.0."#, to: "a.json")
        folder.write(#"[{"targets": ["10.0.0.8:8000"]}, {"targets": []}]"#, to: "b.json")
        let broken = try await source.find()
        #expect(broken.replicas == ["http://10.0.0.1:8000", "http://10.0.0.8:8000"], "the other file goes on")
        #expect(
            broken.remark?.hasPrefix("\(file): it is no JSON") == true && broken.remark?.hasSuffix("; what it said before holds") == true)
        #expect(try await source.find() == broken, "and again the same words")
        folder.write(#"[{"targets": ["10.0.0.1:8000", "10.0.0.2:8000"]}]"#, to: "a.json")
        let healed = try await source.find()
        #expect(healed.replicas == ["http://10.0.0.1:8000", "http://10.0.0.2:8000", "http://10.0.0.8:8000"] && healed.remark == nil)
        // One that is taken away takes along what it named.
        unlink(file)
        #expect(try await source.find().replicas == ["http://10.0.0.8:8000"])
    }

    @Test("a file that was never readable keeps nobody from the others, and is said; where there is no other, that is a fault")
    func neverReadable() async throws {
        let folder = TemporaryFolder()
        let bad = folder.write("[{", to: "a.json")
        let good = folder.write(#"[{"targets": ["10.0.0.9:8000"]}]"#, to: "b.json")
        let source = FileTargets(paths: [folder.path("*.json")])
        let first = try await source.find()
        #expect(first.replicas == ["http://10.0.0.9:8000"])
        #expect(first.remark?.hasPrefix("\(bad): it is no JSON") == true && first.remark?.contains("what it said before") == false)
        folder.write(#"[{"targets": ["10.0.0.8:8000", "10.0.0.9:8000"]}]"#, to: "b.json")
        #expect(try await source.find().replicas == ["http://10.0.0.8:8000", "http://10.0.0.9:8000"], "it goes on")
        // One of the two broke after it was read: what it said holds, and the other is still nobody's list.
        folder.write("[{\"", to: "b.json")
        let held = try await source.find()
        #expect(held.replicas == ["http://10.0.0.8:8000", "http://10.0.0.9:8000"])
        #expect(held.remark?.contains("\(bad): ") == true && held.remark?.contains("\(good): ") == true)
        // A monitor that begins anew knows nothing of before.
        #expect(await fault(FileTargets(paths: [folder.path("*.json")]))?.failure == .malformed)
        folder.write(#"[{"targets": []}]"#, to: "b.json")
        #expect(await fault(FileTargets(paths: [folder.path("*.json")]))?.failure == .malformed, "nobody known is not nobody")
        folder.write(#"[{"targets": ["10.0.0.7:8000"]}]"#, to: "b.json")
        let missing = FileTargets(paths: [folder.path("none.yaml"), folder.path("b.json")])
        #expect(try await missing.find().remark?.hasPrefix("\(folder.path("none.yaml")): ") == true)
    }

    @Test(
        "what is no list is said with its place and without its text",
        arguments: [
            ("a.json", #"{"targets": []}"#, "it is no list of groups"),
            ("a.json", #"[{"labels": {}}]"#, "group 1 has no list 'targets'"),
            ("a.json", #"[{"targets": [8000]}]"#, "a target of group 1 is no text"),
            ("a.json", #"[{"targets": []}, {"targets": ["http://user:s3cret@x:1/"]}]"#, "a target of group 2 is not 'host:port'"),
            ("a.json", #"[{"targets": ["x"]}]"#, "a target of group 1 is not 'host:port'"),
            ("a.json", #"[{"targets": ["x:0"]}]"#, "a target of group 1 is not 'host:port'"),
            ("a.json", #"[{"targets": ["x:99999"]}]"#, "a target of group 1 is not 'host:port'"),
            ("a.json", #"[{"targets": ["x:1"], "labels": {"__scheme__": "ftp"}}]"#, "'__scheme__' of group 1 is neither http nor https"),
            ("a.json", #"[{"targets": ["x:1"], "labels": {"a": 1}}]"#, "a label of group 1 is no text"),
            ("a.yml", "targets: []\n", "it is no list of groups"),
            ("a.yml", "\n\n- labels: {}\n", "the group at line 3 has no list 'targets'"),
        ])
    func flaws(name: String, text: String, why: String) async {
        let folder = TemporaryFolder()
        let path = folder.write(text, to: name)
        let found = await fault(FileTargets(paths: [path]))
        #expect(found == TargetFault(.malformed, "\(path): \(why)"))
    }

    @Test("a file that is not there is a fault, a pattern that nothing fits names nobody")
    func noFile() async throws {
        let folder = TemporaryFolder()
        #expect(await fault(FileTargets(paths: [folder.path("a.json")]))?.description.contains("a.json: ") == true)
        #expect(try await FileTargets(paths: [folder.path("*.json")]).find().replicas.isEmpty)
    }

    // MARK: Servers

    @Test("a server lists targets, asked with the login that is configured")
    func served() async throws {
        let server = try MisbehavingServer { _, peer in peer.answer(200, #"[{"targets": ["10.0.0.1:8000"], "labels": {"tier": "gold"}}]"#) }
        defer { server.stop() }
        let client = try HTTPClient()
        let login = Authenticator(.bearer { Secret("t0ken") }, client: client)
        let list = try await ServedTargets(url: server.url + "/targets", client: client, authenticator: login).find()
        let asked = try await ServedTargets(url: server.url + "/targets?key=s3cret", client: client).find()
        await client.shutdown()
        #expect(asked.source == "http_sd \(server.url)/targets" && server.requests.last?.path == "/targets?key=s3cret")
        #expect(list.replicas == ["http://10.0.0.1:8000"] && list.labels == ["tier": "gold"])
        #expect(server.requests.first?.path == "/targets" && server.requests.first?.head.contains("Authorization: Bearer t0ken") == true)
    }

    static let lists: [(body: String, head: [String], words: String)] = [
        (#"[{"targets": ["10.0.0.1:8000"], "targets": ["10.0.0.2:8000"]}]"#, [], "a key stands twice in one object"),
        (#"[{"targets": [], "labels": {"tier": "a", "tier": "b"}}]"#, [], "a key stands twice in one object"),
        ("\u{1}\u{2}", ["Content-Encoding: gzip"], "compressed (gzip), which was not asked for"),
    ]

    @Test("a list that says two things at once, or is compressed, names nobody and says so", arguments: lists.indices)
    func ambiguous(index: Int) async throws {
        let list = Self.lists[index]
        let server = try MisbehavingServer { _, peer in peer.answer(200, list.body, headers: list.head) }
        defer { server.stop() }
        let client = try HTTPClient()
        let found = await fault(ServedTargets(url: server.url, client: client))
        await client.shutdown()
        #expect(found?.failure == .malformed && found?.description.contains(list.words) == true, "\(String(describing: found))")
    }

    private static let slices = #"""
        {"kind": "EndpointSliceList", "items": [
          {"addressType": "IPv4", "ports": [{"name": "http", "port": 8000}, {"name": "metrics", "port": 9090}], "endpoints": [
            {"addresses": ["10.1.0.4"], "conditions": {"ready": true}}, {"addresses": ["10.1.0.5"], "conditions": {}},
            {"addresses": ["10.1.0.6"], "conditions": {"ready": false}}]},
          {"addressType": "IPv6", "ports": [{"name": "http", "port": 8000}], "endpoints": [{"addresses": ["fd00::4"]}]},
          {"addressType": "IPv4", "ports": null, "endpoints": null}]}
        """#

    @Test("the ready pods of a service are replicas, one family of addresses, the port by name or number; the token is read anew")
    func cluster() async throws {
        let server = try MisbehavingServer { _, peer in peer.answer(200, Self.slices) }
        defer { server.stop() }
        let client = try HTTPClient()
        let turn = Atomic(0)
        let login = Authenticator(.bearer { Secret("token-\(turn.add(1, ordering: .relaxed).newValue)") }, client: client)
        func source(_ port: String?) -> ClusterTargets {
            ClusterTargets(namespace: "ai", service: "runtime", port: port, api: server.url, client: client, authenticator: login)
        }
        let list = try await source("http").find()
        #expect(list.replicas == ["http://10.1.0.4:8000", "http://10.1.0.5:8000"] && list.source == "kubernetes ai/runtime")
        #expect(try await source("8443").find().replicas.first == "http://10.1.0.4:8443")
        #expect(await fault(source(nil))?.description == "the service has several ports: say which, as 'port'")
        #expect(await fault(source("grpc"))?.description == "the service has no port 'grpc'")
        await client.shutdown()
        #expect(source(nil).hostName == "runtime.ai.svc")
        let path = "/apis/discovery.k8s.io/v1/namespaces/ai/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Druntime"
        #expect(server.requests.first?.path == path)
        #expect(server.requests.enumerated().map { $1.head.contains("Bearer token-\($0 + 1)") } == [true, true, true, true])
    }

    @Test(
        "an API server that says no is told by its status",
        arguments: [(401, "the login is not accepted"), (403, "may not read this"), (410, "status 410"), (500, "status 500")])
    func refused(status: Int, words: String) async throws {
        let server = try MisbehavingServer { _, peer in peer.answer(status, #"{"kind": "Status", "message": "s3cret words"}"#) }
        defer { server.stop() }
        let client = try HTTPClient()
        let found = await fault(ClusterTargets(namespace: "ai", service: "runtime", port: nil, api: server.url, client: client))
        await client.shutdown()
        #expect(found?.description.contains(words) == true && found?.description.contains("s3cret") == false)
    }

    @Test("one that hangs is a timeout, and one that answers something else is said to")
    func hangingServer() async throws {
        let server = try MisbehavingServer { request, peer in
            if request.path.hasPrefix("/apis") { peer.waitUntilClosed() } else { peer.answer(200, "<html>") }
        }
        defer { server.stop() }
        let client = try HTTPClient()
        let hanging = ClusterTargets(
            namespace: "ai", service: "runtime", port: nil, api: server.url, client: client, timeout: TimeSpan(milliseconds: 200))
        #expect(await fault(hanging)?.failure == .timeout)
        #expect(await fault(ServedTargets(url: server.url + "/list", client: client))?.failure == .malformed)
        await client.shutdown()
    }

    // MARK: On tapes

    @Test("a list goes through a tape as an answer does; what is no list is said to be malformed")
    func tape() throws {
        let list = TargetList(
            source: "dns runtime.internal", replicas: ["http://10.0.0.9:8000/", "http://10.0.0.1:8000"], labels: ["tier": "gold"])
        let observation = list.observation(of: "shared", at: Timestamp(milliseconds: 1_795_251_600_000), elapsedMilliseconds: 2)
        #expect(
            String(decoding: TapeWriter.bytes(of: .exchange(observation)), as: UTF8.self)
                == #"{"at":"2026-11-21T09:00:00.000Z","runtime":"shared","replica":"targets","path":"/targets","status":200,"elapsed_ms":2.0,"body":{"source":"dns runtime.internal","replicas":["http://10.0.0.1:8000","http://10.0.0.9:8000"],"labels":{"tier":"gold"}}}"#
                + "\n")
        guard case .targets(let read) = Decoder.decode(observation) else {
            Issue.record("no list")
            return
        }
        #expect(read == list)
        for body in [#"{}"#, #"{"replicas": [1]}"#, #"{"replicas": [""]}"#, #"{"replicas": ["http://x"], "labels": {"a": 1}}"#] {
            let answer = Observation.Answer(status: 200, date: nil, contentType: nil, body: Body(Array(body.utf8)))
            guard case .missing(.targets, .malformed, _) = Decoder.decode(answer, of: .targets) else {
                Issue.record("\(body) is a list")
                continue
            }
        }
    }
}
