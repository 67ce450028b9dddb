/// Every command, in the order of the overview.
let commands: [Command] = []
