import Ambient
import Collector
import HTTP
import Model
import Settings

/// Something that answers over the network, as it is watched.
public struct ServiceSettings: Sendable {
    public let watched: WatchedRuntime
    /// What is looked at. Of `http` without what is secret: `check(_:)` puts it in.
    let plain: ServiceCheck
    public let authentication: Authentication
    /// Headers of `http` whose values are secret.
    public let secretHeaders: [(name: String, source: SecretSource)]
    /// Nil: that of `polling`.
    public let timeout: TimeSpan?
    /// What stands in the file besides, for `config show`.
    let shown: [(key: String, value: String)]
    public let origin: SettingOrigin

    public var name: String { watched.name }

    /// What is looked at, with what it takes to read its secrets whenever they are needed.
    public func check(_ means: Means) -> ServiceCheck {
        guard case .http(var check) = plain else { return plain }
        check.secrets = secretHeaders.map { header in
            HTTPCheck.SecretHeader(header.name, secret: means.secret(header.source, what(of: header.name)))
        }
        check.authenticator = means.authenticator(authentication, "service \(name)")
        return .http(check)
    }

    private func what(of header: String) -> String { "the header \(header) of service \(name)" }

    /// What is secret of it, and what for.
    public var secrets: [SecretUse] {
        authentication.secrets.map { SecretUse($0.source, "\($0.what) of service \(name)") }
            + secretHeaders.map { SecretUse($0.source, what(of: $0.name)) }
    }

    /// The files with which it is asked.
    public var tls: TLSFiles {
        switch plain {
        case .http(let check): check.request.tls
        case .tls(_, let check): check.files
        case .mongodb(_, let check): check.tls?.files ?? TLSFiles()
        case .redis(_, let check): check?.files ?? TLSFiles()
        case .tcp, .dns, .icmp, .postgres: TLSFiles()
        }
    }

    /// For `config show`.
    var entries: [SettingEntry] {
        let key = "services.\(name)"
        var all = shown
        if authentication != .none { all.append(("auth", authentication.shown)) }
        for header in secretHeaders { all.append(("secret_headers.\(header.name)", "from \(header.source.location)")) }
        if let timeout { all.append(("timeout", "\(timeout)")) }
        for (name, value) in watched.labels.inByteOrder(of: \.key) { all.append(("labels.\(name)", value)) }
        return all.map { SettingEntry(key: "\(key).\($0.key)", value: $0.value, origin: origin) } + tls.entries(key, origin)
    }
}
