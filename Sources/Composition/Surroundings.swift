import Configuration
import Model
import Telling
import Views

extension Overview.Surroundings {
    /// What a configuration knows that a journal does not.
    package init(_ configuration: Configuration) {
        self.init(
            environment: configuration.environment.value, telling: configuration.telling, channels: configuration.channels.map(\.name),
            settings: Assembly.settings(configuration))
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
