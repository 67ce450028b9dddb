/// Every command, in the order of the overview.
let commands: [Command] = [
    DemoCommand.command, InitCommand.command, CheckCommand.command, RunCommand.command, StatusCommand.command, TopCommand.command,
    DoctorCommand.command, EvaluateCommand.command, FleetCommand.runtimes, FleetCommand.apps,
    IncidentsCommand.list, IncidentsCommand.show, ExplainCommand.incident, AcknowledgeCommand.ack,
    AcknowledgeCommand.unack, SilencesCommand.add, SilencesCommand.list, SilencesCommand.expire,
    AdviseCommand.command,
    NotifyCommand.history, NotifyCommand.test, NotifyCommand.preview, NotifyCommand.route,
    ActionsCommand.list, ActionsCommand.stop, ActionsCommand.resume, ActionsCommand.revert,
    AuditCommand.verify, AuditCommand.export, JournalCommand.check, JournalCommand.copy, JournalCommand.backup, JournalCommand.compact,
    ApprovalCommand.list, ApprovalCommand.approve, ApprovalCommand.deny, MarkCommand.deploy, MarkCommand.list,
    PolicyCheckCommand.command, PolicyTestCommand.command, PolicyCommand.show, PolicyCommand.signals, ReadinessCommand.command,
    ExplainCommand.policy,
    ExplainCommand.whyNot, PlaybooksCommand.list, PlaybooksCommand.show, PlaybooksCommand.check,
    ConfigCommand.check, ConfigCommand.show, TokenCommand.create, TokenCommand.list, TokenCommand.revoke,
    RecordCommand.command, ReplayCommand.command, SimulateCommand.command,
    CompletionCommand.command, ManCommand.command,
]
