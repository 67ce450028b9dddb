import Ambient
import HTTP
import Model
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

    public init() {}

    private static let proxyKey = SettingKey(
        "proxy", .secret, fallback: "what `HTTPS_PROXY` and its like say",
        "Address of a proxy (it may stand here as it is), or `none`; with a login it is a secret")
    private static let noProxyKey = SettingKey(
        "no_proxy", .list(.text(example: ".corp.example")), fallback: "what `NO_PROXY` says", "Hosts that are reached without it")
    public static let key = SettingKey(
        "network", .section(SettingSection([proxyKey, noProxyKey] + TLSReader.keys)),
        "Proxy and TLS of everything that says nothing else")

    /// For `config show`: what is set, and nothing of a login.
    public var entries: [SettingEntry] {
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

    /// With the environment where it says nothing. A secret that holds the proxy's address is read now.
    public func options(in environment: Environment) throws(HTTPError) -> NetworkOptions {
        var options = NetworkOptions(environment)
        options.tls = tls.over(options.tls)
        if let hosts = noProxy { options.noProxy = hosts.joined(separator: ",") }
        switch proxy {
        case .environment: break
        case .none: (options.httpProxy, options.httpsProxy) = (nil, nil)
        case .at(let source):
            do {
                let proxy = try source.read("the address of the proxy", in: environment)
                (options.httpProxy, options.httpsProxy) = (proxy, proxy)
            } catch {
                throw HTTPError(.invalidRequest("\(error)"), what: "'proxy'", location: "network")
            }
        }
        return options
    }
}

extension NetworkSettings {
    /// Reads `network`. What is absent or reported stays as it is by default.
    public init(_ root: Fields, _ reader: SettingReader) {
        self.init()
        let reporter = reader.reporter
        guard let entry = root.entry(NetworkSettings.key), !entry.value.isNull,
            let fields = Fields(entry.value, "'network'", reporter, place: entry.key.start)
        else { return }
        origin = reader.origin(entry.key)
        tls = TLSReader(reader: reader).read(fields)
        if let node = fields.node(NetworkSettings.proxyKey), let text = node.text, !text.hasPrefix("${") {
            proxy = NetworkSettings.proxy(node, text, reporter) ?? .environment
        } else if let source = reader.secret(fields, NetworkSettings.proxyKey) {
            proxy = .at(source)
        }
        noProxy = fields.node(NetworkSettings.noProxyKey).flatMap { node in
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
        fields.finish()
    }

    private static func proxy(_ node: YAMLNode, _ raw: String, _ reporter: Reporter) -> Proxy? {
        let text = BaseURL.trimmed(raw)
        if text == "none" { return Proxy.none }
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
