/// Every command, in the order of the overview.
let commands: [Command] = [
    DemoCommand.command, CheckCommand.command, RunCommand.command, DoctorCommand.command, EvaluateCommand.command,
    IncidentsCommand.list, IncidentsCommand.show,
    ActionsCommand.list, ActionsCommand.stop, ActionsCommand.resume, ActionsCommand.revert,
    PolicyCommand.check, PolicyCommand.show, ConfigCommand.show,
    RecordCommand.command, ReplayCommand.command, SimulateCommand.command,
]
