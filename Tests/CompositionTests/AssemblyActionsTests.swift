import Ambient
import Model
import Testing

@testable import Configuration
@testable import Composition

/// Which adapters a configuration comes to, and what the guard is told that they can land.
@Suite struct AssemblyActionsTests {
    private func configuration(_ actions: String) throws -> Configuration {
        let text = """
            schema: mozaiks.ops/config/v1
            runtimes: {shared: {replicas: [http://127.0.0.1:1]}}
            actions: {\(actions)}
            """
        return try ConfigurationLoader(ConfigurationFlags(), in: Environment([:]), isRoot: true)
            .read(("conf/mozaiks-ops.yaml", Array(text.utf8)))
    }

    private func key(_ kind: ActionKind, _ app: String, _ pack: String? = nil) -> LeaseKey {
        LeaseKey(kind: kind, runtime: "shared", app: AppID(app), pack: pack.map { PackID($0) })
    }

    static let core = "entitlements: {url: http://127.0.0.1:1, apps: {a: {tenant_id: t}}, features: {W: f}}"

    @Test("entitlements land on their apps only")
    func entitlements() throws {
        let settings = Assembly.settings(try configuration(Self.core))
        #expect(settings.landable.isEmpty)
        #expect(settings.landableKeys == [key(.throttle, "a"), key(.disablePack, "a", "W")], "a pause asks a person")
        #expect(settings.landableOnApproval.keys.map { $0 } == [key(.pause, "a")])
        let free = "entitlements: {url: http://127.0.0.1:1, apps: {a: {tenant_id: t}}, pause_approval: not_required}"
        #expect(Assembly.settings(try configuration(free)).landableOnApproval.isEmpty)
        #expect(Assembly.settings(try configuration(free)).landableKeys == [key(.throttle, "a"), key(.pause, "a")])
    }

    @Test("what is configured is made, in order; what the guard is told is what they say themselves")
    func all() throws {
        let text = "lease_api: {url: http://127.0.0.1:1, actions: [pause]}, \(Self.core), webhook: {url_file: u, secret_file: s}"
        let configuration = try configuration(text)
        let assembly = try Assembly(configuration, policies: .embeddedDefault, environment: Environment([:]), version: "0")
        #expect(assembly.adapters.map(\.name) == ["lease_api", "entitlements", "webhook"])
        #expect(assembly.landableWithoutGate == [.throttle, .pause, .disablePack])
        for known in Assembly.landings(configuration).keys {
            #expect(assembly.adapters[1].capability(for: known)?.approval == nil, "\(known)")
            #expect(assembly.adapters[1].capability(for: known) != nil, "\(known)")
        }
        #expect(assembly.adapters[0].capability(for: key(.throttle, "a")) == nil)
        #expect(assembly.adapters[1].capability(for: key(.throttle, "b")) == nil)
        #expect(Assembly.unreadable(configuration, Environment([:])).count == 2)
    }
}
