import Ambient
import Configuration
import HTTP
import Journal
import Model
import Notify

extension Assembly {
    /// The channel that a configuration describes. Its secrets are read when they are needed.
    static func channel(
        _ settings: ChannelSettings, client: HTTPClient, clock: any Clock, _ environment: Environment, logger: Logger,
        caFile: String? = nil
    ) -> any Channel {
        let client = client.using(settings.tls)
        let name = settings.name
        func secret(_ source: SecretSource, _ what: String) -> @Sendable () throws -> Secret {
            let secret = CachedSecret(source, what: "\(what) of channel \(name)", in: environment)
            return { try secret.value() }
        }
        func authenticator(_ authentication: RuntimeSettings.Authentication) -> Authenticator? {
            if case .none = authentication { return nil }
            return Authenticator(method(authentication, "channel \(name)", environment), client: client, clock: clock)
        }
        let template = settings.template
        func worded(_ channel: some WordedChannel) -> any Channel {
            var channel = channel
            channel.template = template
            return channel
        }
        switch settings.kind {
        case .slack(let url):
            return worded(SlackWebhook(name: name, url: secret(url, "the webhook URL"), client: client, clock: clock))
        case .email(let mail):
            return worded(email(name, mail, environment, clock: clock, logger: logger, caFile: caFile))
        case .slackBot(let bot):
            var settings = SlackBot.Settings(channel: bot.channel)
            if let url = bot.url { settings.url = url }
            return worded(
                SlackBot(
                    name: name, settings: settings, token: secret(bot.token, "the token"), client: client, clock: clock))
        case .webhook(let hook):
            return Webhook(
                name: name, url: secret(hook.url, "the URL"), secret: secret(hook.secret, "the signing secret"),
                authenticator: authenticator(hook.authentication), client: client, clock: clock)
        case .pagerDuty(let pager):
            var settings = PagerDuty.Settings()
            if let url = pager.url { settings.url = url }
            settings.link = pager.link
            return worded(
                PagerDuty(
                    name: name, routingKey: secret(pager.routingKey, "the routing key"), settings: settings,
                    client: client, clock: clock))
        case .alertmanager(let manager):
            var settings = Alertmanager.Settings(url: manager.url)
            settings.resend = manager.resend
            return worded(
                Alertmanager(
                    name: name, settings: settings, token: manager.token.map { secret($0, "the token") },
                    authenticator: authenticator(manager.authentication), client: client, clock: clock))
        case .gitHubIssue(let issue):
            var settings = GitHubIssue.Settings(repository: issue.repository)
            if let url = issue.url { settings.url = url }
            settings.labels = issue.labels
            return worded(
                GitHubIssue(
                    name: name, settings: settings, token: secret(issue.token, "the token"), client: client, clock: clock))
        }
    }

    private static func email(
        _ name: String, _ email: EmailSettings, _ environment: Environment, clock: any Clock,
        logger: Logger, caFile: String?
    ) -> EmailChannel {
        let settings = EmailChannel.Settings(
            server: email.server, from: email.from, to: email.to, user: email.login?.user,
            encryption: email.isEncrypted ? .required : .none, caFile: email.caFile ?? caFile)
        var password: (@Sendable () throws -> Secret)?
        if let login = email.login {
            let secret = CachedSecret(login.password, what: "the password of email channel \(name)", in: environment)
            password = { try secret.value() }
        }
        return EmailChannel(name: name, settings: settings, password: password, clock: clock) { text in
            logger.warning("a recipient was not reached", ["why": .text(text)])
        }
    }
}

extension Assembly {
    /// How many messages a channel's service takes; nil: as many as there are.
    public func pace(of channel: String) -> Pace? {
        configuration.channels.first { $0.name == channel }?.pace
    }
}

extension Assembly {
    /// The secrets of channels that cannot be read now, in words without the secrets: better told at start than found out
    /// at the first incident.
    public static func unreadableSecrets(_ configuration: Configuration, _ environment: Environment) -> [String] {
        let reader = configuration.readToken.map { [(source: $0.value, what: "the token of whoever reads the page")] } ?? []
        let adapters = (adapterSecrets(configuration) + reader).compactMap { source, what -> String? in
            do {
                _ = try source.read(what, in: environment)
                return nil
            } catch {
                return "\(error)"
            }
        }
        return adapters + configuration.channels.flatMap { channel in
            secrets(of: channel.kind).compactMap { source, what in
                do {
                    _ = try source.read("\(what) of channel \(channel.name)", in: environment)
                    return nil
                } catch {
                    return "\(error)"
                }
            }
        }
    }

    static func secrets(of authentication: RuntimeSettings.Authentication) -> [(SecretSource, String)] {
        switch authentication {
        case .none: []
        case .bearer(let source): [(source, "the bearer token")]
        case .basic(_, let password): [(password, "the password")]
        case .clientCredentials(let client): [(client.clientSecret, "the client secret")]
        }
    }

    /// Secrets and the state folder that others of this machine may read or change, in words.
    public static func exposures(_ configuration: Configuration, _ environment: Environment) -> [String] {
        var sources = adapterSecrets(configuration).map(\.source)
        for runtime in configuration.runtimes {
            sources += secrets(of: runtime.authentication).map(\.0)
        }
        sources += configuration.channels.flatMap { secrets(of: $0.kind).map(\.0) }
        if let heartbeat = configuration.heartbeat { sources.append(heartbeat.url) }
        if let key = configuration.advisor?.apiKey { sources.append(key) }
        if let token = configuration.readToken { sources.append(token.value) }
        var texts = (try? StateFolder(existing: configuration.state.value))?.exposure.map { [$0] } ?? []
        for text in sources.compactMap({ $0.exposure(in: environment) }) where !texts.contains(text) { texts.append(text) }
        return texts
    }

    private static func secrets(of kind: ChannelSettings.Kind) -> [(SecretSource, String)] {
        switch kind {
        case .slack(let url): [(url, "the webhook URL")]
        case .slackBot(let bot): [(bot.token, "the token")]
        case .email(let mail): mail.login.map { [($0.password, "the password")] } ?? []
        case .webhook(let hook):
            [(hook.url, "the URL"), (hook.secret, "the signing secret")] + secrets(of: hook.authentication)
        case .pagerDuty(let pager): [(pager.routingKey, "the routing key")]
        case .alertmanager(let manager): (manager.token.map { [($0, "the token")] } ?? []) + secrets(of: manager.authentication)
        case .gitHubIssue(let issue): [(issue.token, "the token")]
        }
    }
}
