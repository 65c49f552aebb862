/**
 * The metrics of applications and their workers, by name.
 *
 * A part of `facts.ts`, apart from it only for its length.
 */

/** A part of `metricFacts`. */
export const workerFacts = {
  heddle_application_state: {
    type: 'gauge',
    help: '1 for the state the application is in, 0 for the others.',
    labels: ['application', 'state']
  },
  heddle_application_workers_desired: {
    type: 'gauge',
    help: 'Workers the application is to have.',
    labels: ['application']
  },
  heddle_application_workers_ready: {
    type: 'gauge',
    help: 'Workers of the application that take requests, those that stand still or say no not among them.',
    labels: ['application']
  },
  heddle_application_workers_spare: {
    type: 'gauge',
    help: 'Workers of the application that are kept ready without requests.',
    labels: ['application']
  },
  heddle_scaling_target_workers: {
    type: 'gauge',
    help: 'Workers the load of the application needs; the number it has where nobody judges that.',
    labels: ['application']
  },
  heddle_scaling_min_workers: {
    type: 'gauge',
    help: 'Workers the application has at least.',
    labels: ['application']
  },
  heddle_scaling_max_workers: {
    type: 'gauge',
    help: 'Workers the application has at most.',
    labels: ['application']
  },
  heddle_scaling_mode: {
    type: 'gauge',
    help: '1 for how the number of workers comes about, 0 for the others: "auto", "pinned", "off", "fixed".',
    labels: ['application', 'mode']
  },
  heddle_scaling_refused: {
    type: 'gauge',
    help: '1 for the reason why the application does not get the workers its load needs, 0 for the others.',
    labels: ['application', 'reason']
  },
  heddle_scaling_decisions_total: {
    type: 'counter',
    help: 'Changes of the number of workers because of the load, by why: "busy", "backlog", "idle", "given-away", "memory", "limits".',
    labels: ['application', 'reason']
  },
  heddle_application_metrics_up: {
    type: 'gauge',
    help: '1 when the metrics of the application itself were told by this worker in time, 0 when not; only for workers that have some.',
    labels: ['application', 'worker']
  },
  heddle_application_metrics_conflicts: {
    type: 'gauge',
    help: 'Metrics of the application that are left out, because another metric of that name has another type or is one of Heddle.',
    labels: ['application']
  },
  heddle_worker_state: {
    type: 'gauge',
    help: '1 for the state the worker is in, 0 for the others.',
    labels: ['application', 'worker', 'state']
  },
  heddle_worker_restarts_total: {
    type: 'counter',
    help: 'Threads of the worker that took the place of another, by why that one went.',
    labels: ['application', 'worker', 'reason']
  },
  heddle_worker_ejections_total: {
    type: 'counter',
    help: 'Times the worker was taken out of balancing, by why: "blocked", "not ready", "failing", "unhealthy", or "operator".',
    labels: ['application', 'worker', 'reason']
  },
  heddle_worker_circuit_open: {
    type: 'gauge',
    help: '1 while restarts of the worker fail so often that they are only tried now and then.',
    labels: ['application', 'worker']
  },
  heddle_worker_zombies: {
    type: 'gauge',
    help: 'Threads of the worker that are stuck in native code for good and still hold memory.',
    labels: ['application', 'worker']
  },
  heddle_worker_boot_seconds: {
    type: 'gauge',
    help: 'How long the last thread of the worker took from its start until it was ready.',
    labels: ['application', 'worker']
  },
  heddle_worker_heartbeat_age_seconds: {
    type: 'gauge',
    help: 'Time since the event loop of the worker last turned, as it says every 0.1 s.',
    labels: ['application', 'worker']
  },
  heddle_worker_blocks_total: {
    type: 'counter',
    help: 'Times the event loop of the worker stood still for longer than health.maxBlocked.',
    labels: ['application', 'worker']
  },
  heddle_worker_blocked_seconds_total: {
    type: 'counter',
    help: 'Time for which it did.',
    labels: ['application', 'worker']
  },
  heddle_worker_connections: {
    type: 'gauge',
    help: 'Connections of clients to the worker itself that are open, in direct and handoff mode.',
    labels: ['application', 'worker']
  },
  heddle_worker_connections_total: {
    type: 'counter',
    help: 'Connections of clients the worker has taken itself, in direct and handoff mode.',
    labels: ['application', 'worker']
  },
  heddle_worker_upgraded_connections: {
    type: 'gauge',
    help: 'Of those that are open, WebSockets and other upgraded ones.',
    labels: ['application', 'worker']
  },
  heddle_worker_event_loop_utilization_ratio: {
    type: 'gauge',
    help: 'Part of the last ten seconds in which the event loop of the worker was busy.',
    labels: ['application', 'worker']
  },
  heddle_worker_event_loop_active_seconds_total: {
    type: 'counter',
    help: 'Time in which the event loop of the worker was busy.',
    labels: ['application', 'worker']
  },
  heddle_worker_event_loop_idle_seconds_total: {
    type: 'counter',
    help: 'Time in which the event loop of the worker waited for something to do.',
    labels: ['application', 'worker']
  },
  heddle_worker_event_loop_delay_seconds: {
    type: 'histogram',
    help: 'How late the event loop of the worker was, sampled every 0.05 s and told every 5 s; one block is one sample.',
    labels: ['application', 'worker']
  },
  heddle_worker_heap_used_bytes: {
    type: 'gauge',
    help: 'Heap of the worker in use, garbage among it.',
    labels: ['application', 'worker']
  },
  heddle_worker_heap_limit_bytes: {
    type: 'gauge',
    help: 'Heap at which the worker is ended.',
    labels: ['application', 'worker']
  },
  heddle_worker_external_memory_bytes: {
    type: 'gauge',
    help: 'Memory outside of the heap that its objects hold: buffers above all.',
    labels: ['application', 'worker']
  },
  heddle_worker_gc_seconds_total: {
    type: 'counter',
    help: 'Time the worker has spent collecting garbage, by kind.',
    labels: ['application', 'worker', 'kind']
  },
  heddle_worker_gc_runs_total: {
    type: 'counter',
    help: 'Collections of garbage in the worker, by kind.',
    labels: ['application', 'worker', 'kind']
  },
  heddle_worker_cpu_seconds_total: {
    type: 'counter',
    help: 'CPU time of the thread of the worker, garbage collected by helper threads not included.',
    labels: ['application', 'worker']
  },
  heddle_worker_active_handles: {
    type: 'gauge',
    help: 'Timers, sockets and requests that keep the event loop of the worker from ending, looked at every 5 s.',
    labels: ['application', 'worker']
  }
} as const
