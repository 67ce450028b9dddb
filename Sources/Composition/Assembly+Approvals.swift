import Ambient
import Configuration
import Daemon
import Notify

extension Assembly {
    /// Who looks for reactions; nil where the configuration asks for none, or names a channel that is no Slack bot's: the
    /// loader says so.
    public func reactions(core: Core, clock: any Clock, logger: Logger) -> ReactionPoller? {
        guard let slack = configuration.slackApprovals,
            let channel = configuration.channels.first(where: { $0.name.isSame(as: slack.channel) }),
            let settings = channel.kind as? SlackSettings, case .bot(let bot) = settings
        else { return nil }
        let reader = SlackReactions(
            name: channel.name, url: bot.url, token: means.secret(bot.token, "the token of channel \(channel.name)"),
            client: client.using(channel.tls),
            clock: clock)
        return ReactionPoller(
            slack, reader, core: core, clock: clock, logger: logger)
    }
}
