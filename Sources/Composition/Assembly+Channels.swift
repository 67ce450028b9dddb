import Ambient
import Configuration
import Journal
import Model
import Notify
import Settings

extension Assembly {
    /// How many messages a channel's service takes; nil: as many as there are.
    public func pace(of channel: String) -> Pace? {
        configuration.channels.first { $0.name.isSame(as: channel) }?.pace
    }

    /// The channel that a configuration read later describes, on this one's connections.
    public func channel(_ settings: ChannelSettings) -> any Channel { settings.channel(means) }
}

// MARK: - Secrets

extension Assembly {
    /// Secrets and the state folder that others of this machine may read or change, in words.
    public static func exposures(_ configuration: Configuration, _ environment: Environment) -> [String] {
        var sources = NamedFiles(configuration, environment).secrets(logins: true).map(\.source)
        if case .at(let proxy) = configuration.network.proxy { sources.append(proxy) }
        var texts = (try? StateFolder(existing: configuration.state.value))?.exposure.map { [$0] } ?? []
        for text in sources.compactMap({ $0.exposure(in: environment) }) where !texts.contains(text) { texts.append(text) }
        return texts
    }
}
