import Ambient
import Model
import Settings
import YAML

/// How the program gets out, where it is not said beside a URL.
public struct NetworkSettings: Sendable {
    public enum Proxy: Sendable {
        /// What the environment's `HTTPS_PROXY` and its like say.
        case environment
        /// None, whatever the environment says.
        case none
        case at(SecretSource)
    }

    public var tls = TLSFiles()
    public var proxy = Proxy.environment
    /// Nil: what the environment's `NO_PROXY` says.
    public var noProxy: [String]?
    public var origin = SettingOrigin.builtIn

    /// For `config show`: what is set, and nothing of a login.
    var entries: [SettingEntry] {
        var entries: [SettingEntry] = []
        func add(_ key: String, _ value: String) { entries.append(.init(key: "network.\(key)", value: value, origin: origin)) }
        switch proxy {
        case .environment: break
        case .none: add("proxy", "none")
        case .at(let source): add("proxy", "from \(source.location)")
        }
        if let noProxy { add("no_proxy", "[" + noProxy.joined(separator: ", ") + "]") }
        return tls.entries("network", origin) + entries
    }
}

/// Reads `network`.
struct NetworkReader {
    let reader: SettingReader

    private var reporter: Reporter { reader.reporter }

    func read(_ root: Fields) -> NetworkSettings {
        guard let entry = root.entry(Keys.network), !entry.value.isNull,
            let fields = Fields(entry.value, "'network'", reporter, place: entry.key.start)
        else { return NetworkSettings() }
        defer { fields.finish() }
        var settings = NetworkSettings()
        settings.origin = reader.origin(entry.key)
        settings.tls = TLSReader(reader: reader).read(fields)
        if let node = fields.node(NetworkKeys.proxy), let text = node.text, !text.hasPrefix("${") {
            settings.proxy = proxy(node, text) ?? .environment
        } else if let source = reader.secret(fields, NetworkKeys.proxy) {
            settings.proxy = .at(source)
        }
        settings.noProxy = fields.node(NetworkKeys.noProxy).flatMap { node in
            let hosts = reporter.strings(node, "'no_proxy'")
            guard let hosts, hosts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != 44 } }) else {
                if hosts != nil {
                    reporter.report(
                        "value", "'no_proxy' must be a list of hosts", at: node, hint: "such as [.corp.example, 10.0.0.0/8]")
                }
                return nil
            }
            return hosts
        }
        return settings
    }

    private func proxy(_ node: YAMLNode, _ raw: String) -> NetworkSettings.Proxy? {
        let text = BaseURL.trimmed(raw)
        if text == "none" { return NetworkSettings.Proxy.none }
        let schemes = ["http://", "https://", "socks5://", "socks5h://"]
        guard let scheme = schemes.first(where: { text.lowercased().hasPrefix($0) }) else {
            reporter.report(
                "url", "'proxy' must be the address of a proxy, or none", at: node.start, hint: "such as http://proxy.example:3128")
            return nil
        }
        if let fault = BaseURL.fault("http://" + text.dropFirst(scheme.count)) {
            let hint = fault.isCredential ? "put the whole address into a file and say 'proxy_file'" : fault.hint
            reporter.report("url", "'proxy': \(fault.message)", at: node.start, hint: hint)
            return nil
        }
        return .at(.literal(Secret(text)))
    }
}
