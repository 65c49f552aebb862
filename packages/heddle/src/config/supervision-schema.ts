/**
 * The keys that say how workers are watched, replaced and waited for: `restart`, `health`, `recycle`,
 * `rollout` and `queue`. Each exists at the top level and in an application, which inherits what it does not
 * say itself.
 *
 * A part of `schema.ts`, apart from it only for its length.
 */
import type { Key, ObjectKey } from './key.ts'

const second = 1000
const minute = 60 * second

const restart: ObjectKey = {
  kind: 'object',
  name: 'RestartOptions',
  sentence:
    'What happens when a worker ends by itself. The first time after a good run it is replaced at once.',
  keys: {
    backoffMin: {
      kind: 'duration',
      min: 1,
      default: 250,
      sentence:
        'How long the second restart in a row waits. The wait doubles with each further one, but is never longer than the worker was ready before, or than a quarter of that when it was ready for 1 s.'
    },
    backoffMax: {
      kind: 'duration',
      min: 1,
      default: 30 * second,
      sentence: 'The longest wait between two restarts.'
    },
    jitter: {
      kind: 'ratio',
      min: 0,
      max: 1,
      default: 0.25,
      sentence:
        'The largest part of a wait that chance takes away, so that workers that failed together do not come back together.'
    },
    resetAfter: {
      kind: 'duration',
      min: 1,
      default: minute,
      sentence: 'A worker that was ready for this long starts with a clean record.'
    },
    maxFailures: {
      kind: 'integer',
      min: 0,
      default: 10,
      sentence:
        'After so many failures of one worker within `window` its circuit opens: it is restarted only once in `openFor` until one restart succeeds. A worker that was ready for 1 s before does not count. 0 never opens it.'
    },
    window: {
      kind: 'duration',
      min: 1,
      default: minute,
      sentence: 'The time in which failures are counted for `maxFailures`.'
    },
    openFor: {
      kind: 'duration',
      min: 1,
      default: 30 * second,
      sentence: 'How long an open circuit waits before it tries one restart.'
    }
  }
}

const health: ObjectKey = {
  kind: 'object',
  name: 'HealthOptions',
  sentence:
    'When a worker counts as unhealthy. It is judged from outside: a worker that is blocked is judged too.',
  keys: {
    enabled: {
      kind: 'boolean',
      default: true,
      sentence: 'Whether workers are judged. A worker that does not turn gets no new requests either way.'
    },
    interval: {
      kind: 'duration',
      min: 100,
      default: 5 * second,
      sentence: 'Time between two checks of a worker.'
    },
    gracePeriod: {
      kind: 'duration',
      min: 0,
      default: 30 * second,
      sentence: 'How long a worker is not judged after it became ready, while it warms up.'
    },
    maxUnhealthyChecks: {
      kind: 'integer',
      min: 1,
      default: 3,
      sentence: 'After so many bad checks in a row the worker is replaced.'
    },
    fall: {
      kind: 'integer',
      min: 1,
      default: 2,
      sentence: 'After so many bad checks in a row the worker gets no new requests, unless too few are left.'
    },
    rise: {
      kind: 'integer',
      min: 1,
      default: 2,
      sentence: 'After so many good checks in a row it gets requests again.'
    },
    maxELU: {
      kind: 'ratio',
      min: 0,
      max: 1,
      default: 0.98,
      sentence:
        'Event loop utilization over one interval above which a check is bad, when other workers of the application are less busy. 0 sets no limit.'
    },
    maxHeapUsed: {
      kind: 'ratio',
      min: 0,
      max: 1,
      default: 0.95,
      sentence: 'Part of the real heap limit above which a check is bad. 0 sets no limit.'
    },
    maxLoopDelay: {
      kind: 'duration',
      min: 0,
      default: 0,
      sentence:
        'Event loop delay (99th percentile of an interval) above which a check is bad. 0 sets no limit.'
    },
    maxExternal: {
      kind: 'memory',
      min: 0,
      default: 0,
      sentence: 'Memory outside of the heap (buffers) above which a check is bad. 0 sets no limit.'
    },
    maxResponseTime: {
      kind: 'duration',
      min: 0,
      default: 0,
      sentence:
        'Response time (99th percentile of an interval) above which a check is bad, unless most other workers of the application are as slow. 0 sets no limit.'
    },
    maxErrorRate: {
      kind: 'ratio',
      min: 0,
      max: 1,
      default: 0,
      sentence:
        'Part of the answers of an interval that may be errors (status 500 and above, or none). Above it a check is bad, unless most other workers of the application fail as often. 0 sets no limit.'
    },
    minRequests: {
      kind: 'integer',
      min: 1,
      default: 20,
      sentence: 'With fewer answers in an interval response time and error rate are not judged.'
    },
    path: {
      kind: 'text',
      pattern: String.raw`/[^?#\s]*(\?[^#\s]*)?`,
      expected: 'a path that begins with "/"',
      sentence:
        'Path that is asked of every worker at each check; a status of 400 or above, or none in time, is bad.',
      defaultText: 'none is asked'
    },
    timeout: {
      kind: 'duration',
      min: 1,
      default: 5 * second,
      sentence: 'How long `path` and the checks of the application may take to answer.'
    },
    maxBlocked: {
      kind: 'duration',
      min: 100,
      default: second,
      sentence:
        'A worker whose event loop stands still for longer is reported with the place in the code where it does.'
    },
    explainBlocked: {
      kind: 'boolean',
      default: true,
      sentence:
        'Whether a blocked worker is asked for its stack, through the inspector of Node.js and without a port. Without it only what the system knows of its thread is told.'
    },
    maxFailures: {
      kind: 'integer',
      min: 0,
      default: 5,
      sentence:
        'After so many requests in a row that a worker answered with 502, 503 or 504, or not at all, it gets none for `ejectFor`, unless most other workers fail as well or too few are left. 0 switches this off.'
    },
    ejectFor: {
      kind: 'duration',
      min: 1,
      default: 10 * second,
      sentence: 'How long; it doubles each time the worker is taken out again, up to ten times as long.'
    }
  }
}

const recycle: ObjectKey = {
  kind: 'object',
  name: 'RecycleOptions',
  sentence:
    'When a worker that works is replaced by a fresh one, which is ready before the old one goes. 0 never does.',
  keys: {
    maxRequests: {
      kind: 'integer',
      min: 0,
      default: 0,
      sentence: 'After so many requests.'
    },
    maxAge: { kind: 'duration', min: 0, default: 0, sentence: 'When it is this old.' },
    maxHeap: { kind: 'memory', min: 0, default: 0, sentence: 'When its heap in use exceeds this.' },
    maxRss: {
      kind: 'memory',
      min: 0,
      default: 0,
      sentence:
        'When the memory of the whole process exceeds this: the worker that holds the most of it is replaced.'
    },
    maxMemory: {
      kind: 'ratio',
      min: 0,
      max: 1,
      default: 0.9,
      sentence:
        'Part of the memory of the container: when more of it is used and the rest is about to be, the worker that gives most of it back is replaced, before the kernel kills the process. Where there is no room for both, the old one goes first. With any number but 0 a worker is replaced as well whose own heap runs full.'
    },
    jitter: {
      kind: 'ratio',
      min: 0,
      max: 1,
      default: 0.1,
      sentence: 'Each worker’s limits are lower by up to this part, so that not all reach them together.'
    }
  }
}

const rollout: ObjectKey = {
  kind: 'object',
  name: 'RolloutOptions',
  sentence:
    'How running workers are replaced, whatever the reason: the new one is ready before the old one goes.',
  keys: {
    concurrency: {
      kind: 'integer',
      min: 1,
      default: 1,
      sentence: 'How many workers of one application are replaced at a time.'
    },
    drainTimeout: {
      kind: 'duration',
      min: 0,
      default: 30 * second,
      sentence:
        'How long a worker that was replaced may finish its requests, streams and WebSockets before they are cut.'
    }
  }
}

const queue: ObjectKey = {
  kind: 'object',
  name: 'QueueOptions',
  sentence: 'Where requests wait while an application has no worker that takes them.',
  keys: {
    max: {
      kind: 'integer',
      min: 0,
      default: 1000,
      sentence:
        'How many may wait in each thread that sends. Further ones are answered 503. 0 lets none wait.'
    },
    timeout: {
      kind: 'duration',
      min: 1,
      default: 10 * second,
      sentence: 'How long one may wait. Then 503 with Retry-After.'
    }
  }
}

type Name = 'restart' | 'health' | 'recycle' | 'rollout' | 'queue'

/** The keys by their names, as they are at the top level. */
export const supervision: Readonly<Record<Name, ObjectKey>> = { restart, health, recycle, rollout, queue }

/** The same keys as they are in an application. */
export const inheritedSupervision: Readonly<Record<Name, Key>> = {
  restart: { ...restart, inherits: 'restart' },
  health: { ...health, inherits: 'health' },
  recycle: { ...recycle, inherits: 'recycle' },
  rollout: { ...rollout, inherits: 'rollout' },
  queue: { ...queue, inherits: 'queue' }
}
