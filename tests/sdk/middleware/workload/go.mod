// What the program of docs/workloads/libraries.md needs: see tests/run.
module example/workload

go 1.25.0

require golang.org/x/oauth2 v0.36.0
