import Configuration
import Model
import Telling
import Views
import Web

extension Overview.Surroundings {
    /// What a configuration knows that a journal does not.
    package init(_ configuration: Configuration) {
        self.init(
            environment: configuration.environment.value, telling: configuration.telling, channels: configuration.channels.map(\.name),
            settings: Assembly.settings(configuration))
    }
}

extension Configuration {
    /// Why a shard watches nothing; nil where it watches something, or there is none.
    package var emptyShard: (message: String, hint: String)? {
        guard let shard = shard?.value, watched.isEmpty, !elsewhere.isEmpty else { return nil }
        return (
            "no runtime to watch: of the \(elsewhere.count) configured none belongs to shard \(shard)",
            "'mozaiks-ops config show' says which shard each belongs to; with fewer shards none is without work"
        )
    }

    /// `2/5 watches shared, eu; others: us (3/5)`; nil where this is the only monitor.
    package var shardWords: String? {
        guard let shard = shard?.value else { return nil }
        let own = watched.map { Shown.id($0.name) }.joined(separator: ", ")
        let others = elsewhere.map { "\(Shown.id($0.name)) (\($0.shard))" }.joined(separator: ", ")
        return "\(shard) watches \(own)"
            + (others.isEmpty ? "" : "; others watch \(others)")
    }
}

extension Configuration {
    /// Who besides the proxy could say who somebody is: nil where nobody can, or no proxy is believed.
    package var localImpostors: String? {
        guard let proxies = trustedProxies?.value, trustedSecret == nil else { return nil }
        guard proxies.ranges.contains(where: { $0.contains("127.0.0.1") || $0.contains("::1") }) else { return nil }
        return "server: trusted_proxies names this machine, so every user of it can call themselves anybody, approvers too, by sending "
            + "'\(proxies.header)'; give the proxy a secret (trusted_secret_file) that it shows as X-Mozaiks-Proxy-Secret, or let it run elsewhere"
    }
}

extension Configuration {
    /// Who needs a token to read though the page listens on this machine alone: nil where there is no proxy to come by.
    package var readingByProxy: String? {
        guard let url = publicURL?.value, readToken == nil, server?.value.isLoopback == true,
            Face.isForTheWorld(publicURL: url)
        else { return nil }
        return "there is a public_url (\(url)), so a proxy brings anybody: reading needs a token, on this machine too "
            + "('mozaiks-ops token create NAME --role viewer')" + (trustedProxies == nil ? "" : " or a name that a trusted proxy shows")
    }

    /// Whether nobody can read the page: others reach it, and there is neither a token that opens it nor a proxy that names people.
    /// - Parameter tokens: nil where they cannot be read, and then none opens anything.
    package func closesPage(to tokens: TokenBook?, at now: Timestamp) -> Bool {
        guard let server = server?.value, !server.isLoopback, readToken == nil, trustedProxies == nil else { return false }
        return tokens?.hasAny(at: now) != true
    }
}

extension Configuration {
    /// Channels that page and that no incident reaches, because the environment is not `production` and no route says that it
    /// matters there too.
    package var unpagedChannels: [String] {
        guard !environment.value.isSame(as: TellingSettings.production) else { return [] }
        let telling = Assembly.settings(self).telling
        return telling.channels.filter { channel in
            channel.pages && !telling.routes.contains { $0.pagesOutsideProduction && $0.channels.contains(channel.name) }
        }.map(\.name)
    }
}
