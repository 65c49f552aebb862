/**
 * What the status of a server looks like: it, its applications, its workers, their health.
 *
 * Values, for any thread. A part of `answer-shapes.ts`, apart from it only for its length.
 */
import { list, map, named, orNull, plain, words } from './shape.ts'
import type { ObjectShape } from './shape.ts'

const threadStates = ['starting', 'ready', 'ejected', 'draining', 'stopping', 'exited', 'zombie'] as const
const circuitStates = ['closed', 'open', 'half-open'] as const

/** The shapes by name. */
export const reportShapes: Readonly<Record<string, ObjectShape>> = {
  StatusReport: {
    sentence: 'The server as it stands. Times in milliseconds, memory in bytes.',
    fields: {
      phase: words(
        ['idle', 'starting', 'running', 'stopping', 'stopped'],
        'Where the whole server is in its life.'
      ),
      name: plain('text', 'The key `name` of the configuration, or the name of the directory it is in.'),
      pid: plain('integer'),
      node: plain('text', 'Version of node, for example `v26.10.0`.'),
      startedAt: plain('time', orNull('When it was told to start, in ISO 8601; `null` before.')),
      uptimeMs: plain('integer', 'Since it was told to start; 0 before.'),
      url: plain('text', orNull('Address of the public server; `null` until its port is open.')),
      adminUrl: plain(
        'text',
        orNull('Address of the administrative server; `null` until its port is open, and without one.')
      ),
      loopDelayMs: plain(
        'number',
        orNull('How late the main thread was in the last seconds, 99th percentile; `null` when not measured.')
      ),
      machine: named('MachineReportLine', 'What it may use of its machine, and what is in use.'),
      zombies: plain('integer', 'Threads that were given up and still hold memory.'),
      maxZombies: plain('integer', 'Beyond how many of them the liveness probe says no.'),
      applications: list(named('ApplicationReportLine')),
      edges: list(named('ThreadReportLine'), 'The threads of the public server.'),
      circuits: list(named('CircuitReportLine'), 'Those of the mesh that are not closed.')
    }
  },
  MachineReportLine: {
    sentence:
      'The machine, or what the container leaves of it. Bytes, milliseconds, and percent for pressure.',
    fields: {
      cpus: plain(
        'number',
        'CPUs that may be used at a time: those there are, or the quota where that is less. May be broken.'
      ),
      cpuQuota: plain('boolean', 'Whether a quota sets that.'),
      throttledMs: plain(
        'number',
        orNull('How long the quota has held the container up, all CPUs together; `null` without one.')
      ),
      cpuPressure: plain(
        'number',
        orNull('Part of the last ten seconds in which something waited for a CPU; `null` when not known.')
      ),
      memoryLimit: plain(
        'integer',
        'Memory of the container, or of the machine when no container limits it.'
      ),
      memoryLimited: plain('boolean', 'Whether it is that of a container.'),
      memoryUsed: plain('integer', 'Without caches of files nobody has used for a while.'),
      memoryFree: plain('integer', 'What could be taken at once: all caches of files would give way.'),
      memoryPressure: plain(
        'number',
        orNull('Part of the last ten seconds in which something waited for memory; `null` when not known.')
      )
    }
  },
  ApplicationReportLine: {
    sentence: 'One application.',
    fields: {
      id: plain('text'),
      phase: words(
        ['stopped', 'starting', 'running', 'stopping'],
        'What its operator wants; `stopped` until it is started again.'
      ),
      kind: plain(
        'text',
        orNull('How it was recognised, for example `fastify`; `null` until a worker said so.')
      ),
      required: plain('boolean', 'Whether the server is not ready without it.'),
      desired: plain('integer', 'How many workers it is to have.'),
      minReady: plain('integer', 'How many of them have to be ready for it to be.'),
      ready: plain('integer', 'Workers that are ready: see `isReady`.'),
      zombies: plain(
        'integer',
        'Threads that were given up and still hold memory, those of former workers among them.'
      ),
      recent: named('RecentReportLine', 'All its workers together in the last seconds.'),
      scaling: named('ScalingReportLine', 'How its number of workers comes about.'),
      spares: list(named('SpareReportLine'), 'Workers that are kept ready without requests.'),
      workers: list(named('WorkerReportLine'))
    }
  },
  ScalingReportLine: {
    sentence: 'How the number of workers of an application comes about.',
    fields: {
      mode: words(
        ['auto', 'pinned', 'off', 'fixed'],
        '`auto`: it follows the load. `pinned`: somebody has set it by hand. `off`: the configuration does not want it to. `fixed`: it leaves no choice.'
      ),
      min: plain('integer', 'How many it has at least.'),
      max: plain('integer', 'How many it has at most, unless somebody sets more by hand.'),
      wanted: plain('integer', orNull('How many its load needs; `null` when nobody judges.')),
      reason: plain(
        'text',
        orNull(
          'Why its number is what it is, in a word: `steady`, `busy`, `idle` and the like; `null` as above.'
        )
      ),
      refusal: words(
        ['max', 'total', 'cpu', 'memory', 'failed'],
        orNull('Why it does not get the workers its load needs; `null` when it does.')
      ),
      note: plain('text', orNull('The same as a sentence, without a full stop.'))
    }
  },
  SpareReportLine: {
    sentence: 'A worker that is kept ready without requests.',
    fields: {
      name: plain('text', 'What it is called once it answers requests: `application:slot`.'),
      state: words(
        ['spare', 'starting', 'waiting'],
        '`waiting`: it is started in a while; `waitsFor` says why not now.'
      ),
      waitsFor: words(
        ['memory', 'size', 'backoff'],
        orNull(
          'Why it waits. `memory`: there is none to spare for it. `size`: nobody knows yet how much it takes. `backoff`: its thread was lost, and the next one is not due yet. `null` when it does not wait.'
        )
      )
    }
  },
  ThreadReportLine: {
    sentence: 'One thread.',
    fields: {
      name: plain('text', '`application:slot` or `edge:index`.'),
      state: words(threadStates, '`exited` while it waits for its next thread.'),
      heartbeatAgeMs: plain(
        'integer',
        orNull('Since its event loop last said that it turns; `null` when no thread is there.')
      ),
      restarts: plain('integer', 'How many threads took the place of another.'),
      zombies: plain('integer', 'Threads that were given up and still hold memory.')
    }
  },
  WorkerReportLine: {
    sentence: 'One worker, whichever thread it is.',
    extends: 'ThreadReportLine',
    fields: {
      slot: plain('integer', 'Its number, from 0; it keeps it over restarts.'),
      isReady: plain(
        'boolean',
        'Whether it counts as ready: it gets requests, its event loop turns, and its application does not say no.'
      ),
      keptOut: plain('boolean', 'Whether an operator keeps it from requests.'),
      inflight: plain('integer', 'Requests sent to it and not finished.'),
      uptimeMs: plain('integer', orNull('Since its thread was started; `null` when there is none.')),
      readyMs: plain('integer', orNull('For how long it has been ready; `null` when it is not.')),
      requests: plain('integer', 'Requests it has answered, over all its threads.'),
      failures: plain('integer', 'Requests it has not answered, or with 502, 503 or 504.'),
      recent: named('RecentReportLine', 'How it was in the last seconds.'),
      heapUsed: plain('integer', 'Bytes, as the worker has said last; 0 until it has.'),
      heapLimit: plain('integer'),
      external: plain('integer', 'Memory outside of the heap: buffers above all.'),
      restartReasons: map(plain('integer'), 'Its restarts by why the thread before went.'),
      replacing: plain('boolean', 'Whether a fresh thread is being started to take its place.'),
      leaving: plain('integer', 'Threads of it that finish what they have.'),
      circuit: words(
        circuitStates,
        '`open`, `half-open`: its restarts fail too often, and one is tried now and then.'
      ),
      lastEnd: plain('text', orNull('How its last thread ended; `null` as long as the first one lives.')),
      lastError: named('ErrorReportLine', orNull('The last error a thread of it ended with.')),
      health: named(
        'HealthReportLine',
        orNull('How it is; `null` for one that is starting, on its way out, or not there.')
      ),
      blocked: named(
        'BlockedReportLine',
        'How often its event loop stood still for longer than `health.maxBlocked`.'
      ),
      diagnoses: list(
        named('DiagnosisReportLine'),
        'How it is being looked into; with a heap snapshot or an open inspector it is not judged.'
      )
    }
  },
  DiagnosisReportLine: {
    sentence: 'Somebody looks into a worker.',
    fields: {
      kind: words(['cpu profile', 'heap profile', 'heap snapshot', 'inspector']),
      sinceMs: plain('integer', 'For how long.'),
      url: plain('text', orNull('WebSocket address of an open inspector; `null` for the others.'))
    }
  },
  ErrorReportLine: {
    sentence: 'An error a thread ended with.',
    fields: {
      name: plain('text'),
      message: plain('text'),
      stack: plain('text', orNull()),
      at: plain('time', 'When it was heard of.')
    }
  },
  BlockedReportLine: {
    sentence: 'How often an event loop stood still, for how long in all, and where.',
    fields: {
      blocks: plain('integer'),
      blockedMs: plain('integer'),
      function: plain(
        'text',
        orNull('The function of the application that the last block was in; null when it is not known.')
      ),
      location: plain('text', orNull('Where in the source that was, as `file:line:column`.'))
    }
  },
  RecentReportLine: {
    sentence: 'The last seconds of one worker, or of all of an application. `null` where nothing was seen.',
    fields: {
      windowMs: plain('integer', 'The time that is looked at: about ten seconds, less at first.'),
      requestsPerSecond: plain('number'),
      p50Ms: plain('number', orNull('Times from sending to the response head: the median.')),
      p99Ms: plain('number', orNull('The same: the 99th percentile.')),
      errorRate: plain('number', orNull('Part of the requests that failed, 0 to 1.')),
      elu: plain('number', orNull('Event loop utilization, 0 to 1; of an application the mean.')),
      loopDelayMs: plain(
        'number',
        orNull('How late its event loop was, 99th percentile; of an application the worst.')
      ),
      gcShare: plain(
        'number',
        orNull('Part of the time in which garbage was collected, 0 to 1; of an application the mean.')
      )
    }
  },
  HealthReportLine: {
    sentence: 'The health of one worker. Bytes and milliseconds; `null` where nothing was seen yet.',
    fields: {
      good: plain(
        'boolean',
        orNull(
          'Whether its last check was good; `null` before the first, in its grace period, and when nobody judges.'
        )
      ),
      badChecks: plain('integer', 'Bad checks in a row.'),
      reasons: list(plain('text'), 'Why the last check was bad, one sentence each.'),
      causes: list(plain('text'), 'Why it gets no requests, or should get none, one sentence each.'),
      isKept: plain('boolean', 'Whether it should get no requests and does, since too few others are left.'),
      notReady: plain(
        'text',
        orNull('Why its application says that it takes no requests; `null` when it does not say so.')
      ),
      elu: plain('number', orNull('Event loop utilization in the last interval of its checks, 0 to 1.')),
      loopDelay: named('LoopDelayLine', 'How late its event loop was in that interval.'),
      heapUsed: plain('integer'),
      heapLimit: plain('integer'),
      external: plain('integer', 'Memory outside of the heap: buffers above all.'),
      gcMs: plain('integer', 'Time spent collecting garbage.'),
      responseMs: plain(
        'number',
        orNull('99th percentile of the times to a response head in that interval; `null` with too few.')
      ),
      errorRate: plain(
        'number',
        orNull('Part of the requests of that interval that failed; `null` with too few.')
      )
    }
  },
  LoopDelayLine: {
    sentence: 'How late an event loop was.',
    fields: { p50: plain('number'), p99: plain('number'), max: plain('number') }
  },
  CircuitReportLine: {
    sentence: 'Calls from one thread to an application that fail at once, or are tried.',
    fields: {
      from: plain('text', '`application:slot` or `edge:index`.'),
      to: plain('text', 'Id of the application.'),
      state: words(circuitStates)
    }
  }
}
