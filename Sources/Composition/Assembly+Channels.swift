import Ambient
import Configuration
import Journal
import Model
import Notify
import Settings

extension Assembly {
    /// How many messages a channel's service takes; nil: as many as there are.
    public func pace(of channel: String) -> Pace? {
        configuration.channels.first { $0.name == channel }?.pace
    }

    /// The channel that a configuration read later describes, on this one's connections.
    public func channel(_ settings: ChannelSettings) -> any Channel { settings.channel(means) }
}

// MARK: - Secrets

extension Assembly {
    /// The secrets of channels, adapters and readers that cannot be read now, in words without the secrets: better told at start
    /// than found out at the first incident.
    public static func unreadableSecrets(_ configuration: Configuration, _ environment: Environment) -> [String] {
        let reader = configuration.readToken.map { [SecretUse($0.value, "the token of whoever reads the page")] } ?? []
        let channels = configuration.channels.flatMap { channel in
            channel.secrets.map { SecretUse($0.source, "\($0.what) of channel \(channel.name)") }
        }
        return (configuration.adapters.flatMap(\.secrets) + reader + channels).compactMap { use in
            do {
                _ = try use.source.read(use.what, in: environment)
                return nil
            } catch {
                return "\(error)"
            }
        }
    }

    /// Secrets and the state folder that others of this machine may read or change, in words.
    public static func exposures(_ configuration: Configuration, _ environment: Environment) -> [String] {
        var sources = configuration.adapters.flatMap(\.secrets).map(\.source)
        for runtime in configuration.runtimes { sources += runtime.authentication.secrets.map(\.source) }
        sources += configuration.channels.flatMap(\.secrets).map(\.source)
        if let heartbeat = configuration.heartbeat { sources.append(heartbeat.url) }
        if let key = configuration.advisor?.apiKey { sources.append(key) }
        if let token = configuration.readToken { sources.append(token.value) }
        var texts = (try? StateFolder(existing: configuration.state.value))?.exposure.map { [$0] } ?? []
        for text in sources.compactMap({ $0.exposure(in: environment) }) where !texts.contains(text) { texts.append(text) }
        return texts
    }
}
