/**
 * The metrics of the server and its process, by name.
 *
 * A part of `facts.ts`, apart from it only for its length.
 */

/** A part of `metricFacts`. */
export const serverFacts = {
  heddle_build_info: {
    type: 'gauge',
    help: 'Always 1; what runs is in the labels.',
    labels: ['version', 'node', 'platform', 'arch']
  },
  heddle_server_state: {
    type: 'gauge',
    help: '1 for the phase the server is in, 0 for the others.',
    labels: ['state']
  },
  heddle_zombies: {
    type: 'gauge',
    help: 'Threads that are stuck in native code for good and still hold memory.',
    labels: []
  },
  heddle_reloads_total: {
    type: 'counter',
    help: 'Reloads, by what came of them: "done" or "failed".',
    labels: ['outcome']
  },
  heddle_reload_last_successful: {
    type: 'gauge',
    help: '1 when the last reload was done or there was none, 0 when it failed.',
    labels: []
  },
  heddle_reload_last_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When the configuration in force was put in force, by a reload or the start.',
    labels: []
  },
  heddle_reload_last_duration_seconds: {
    type: 'gauge',
    help: 'How long the last reload took that was done; missing before the first.',
    labels: []
  },
  heddle_events_total: {
    type: 'counter',
    help: 'Events the server has announced, by name.',
    labels: ['event']
  },
  heddle_coordinator_event_loop_utilization_ratio: {
    type: 'gauge',
    help: 'Part of the last ten seconds in which the main thread was busy.',
    labels: []
  },
  heddle_coordinator_event_loop_active_seconds_total: {
    type: 'counter',
    help: 'Time in which the main thread was busy.',
    labels: []
  },
  heddle_coordinator_event_loop_delay_seconds: {
    type: 'histogram',
    help: 'How late the event loop of the main thread was, sampled every 0.05 s.',
    labels: []
  },
  heddle_process_cpu_seconds_total: {
    type: 'counter',
    help: 'CPU time of the whole process, all threads together.',
    labels: ['mode']
  },
  heddle_process_resident_memory_bytes: {
    type: 'gauge',
    help: 'Memory of the whole process.',
    labels: []
  },
  heddle_process_open_fds: {
    type: 'gauge',
    help: 'Open file descriptors, on Linux.',
    labels: []
  },
  heddle_process_max_fds: {
    type: 'gauge',
    help: 'File descriptors there may be, on Linux.',
    labels: []
  },
  heddle_process_start_time_seconds: {
    type: 'gauge',
    help: 'When the process was started.',
    labels: []
  },
  heddle_machine_cpus: {
    type: 'gauge',
    help: 'CPUs that may be used at a time: those there are, or the quota of the container where that is less.',
    labels: []
  },
  heddle_machine_cpu_throttled_seconds_total: {
    type: 'counter',
    help: 'How long the CPU quota has held the container up, all CPUs together; 0 without a quota.',
    labels: []
  },
  heddle_machine_memory_limit_bytes: {
    type: 'gauge',
    help: 'Memory limit of the container, or the memory of the machine where there is none.',
    labels: []
  },
  heddle_machine_memory_used_bytes: {
    type: 'gauge',
    help: 'Memory in use of that, without caches of files that were not used for a while.',
    labels: []
  },
  heddle_machine_memory_free_bytes: {
    type: 'gauge',
    help: 'Memory of that which could be taken at once: all caches of files would give way.',
    labels: []
  },
  heddle_machine_pressure_ratio: {
    type: 'gauge',
    help: 'Part of the last ten seconds in which something waited for the resource, "cpu" or "memory", on Linux.',
    labels: ['resource']
  }
} as const
