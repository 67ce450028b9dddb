import Ambient
import Model

// What each channel would send.

extension SlackWebhook {
    public func draft(_ message: Message) -> Draft { Draft(text: nil, document: SlackBlocks.payload(message, template)) }
}

extension SlackBot {
    public func draft(_ message: Message) -> Draft { Draft(text: nil, document: SlackBlocks.payload(message, template)) }
}

extension PagerDuty {
    public func draft(_ message: Message) -> Draft {
        let events = PagerDuty.actions(message).map { action in
            PagerDuty.event(action, message, routingKey: Secret("(secret)"), link: nil, template)
        }
        return Draft(text: nil, document: .array(events))
    }
}

extension Alertmanager {
    public func draft(_ message: Message) -> Draft {
        Draft(text: nil, document: .array([Alertmanager.alert(message, until: message.at + .minutes(5), template)]))
    }
}

extension GitHubIssue {
    public func draft(_ message: Message) -> Draft {
        let title = GitHubText.title(message, template)
        let body = GitHubText.body(message, mark: GitHubIssue.mark(issue: message), template)
        return Draft(text: "\(title)\n\n\(body)", document: ["title": .string(title), "body": .string(body)])
    }
}

extension EmailChannel {
    public func draft(_ message: Message) -> Draft {
        let wording = Wording(message, template)
        let outline = Outline(wording)
        let (subject, text) = (EmailMessage.subject(wording), EmailText.render(outline))
        return Draft(
            text: "Subject: \(subject)\n\n\(text)",
            document: [
                "subject": .string(subject), "text": .string(text), "html": .string(EmailHTML.render(outline, message)),
            ])
    }
}
