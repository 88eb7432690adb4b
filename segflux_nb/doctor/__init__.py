"""Whether this machine, key, account and service are ready, and what the service has otherwise than the contract.

`examine` puts together what the others find: `machine` looks around here, `questions` asks the service and submits
nothing, `answers` and `logged` say what that means, and `paid` has one picture made where that is asked for. `report`
makes what goes into an issue. Nothing of it raises: what cannot be found out is a finding, too.
"""
