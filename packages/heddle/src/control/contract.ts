/**
 * The management API as values: every operation with its method, path, input and answer.
 *
 * Runs in the main thread of a server, whose routes are made of it, and in that of a command, which finds its
 * requests here; a description for other programs can be made of it too. Nothing here does anything.
 *
 * An operation answers when it is done, however long that takes: the deadlines of the configuration bound it,
 * no timeout of the API does. Whoever wants to see how it goes asks for {@link streamType}: the answer then
 * begins at once and has one JSON object per line, a {@link ProgressLine} each, of which the last has `done` or
 * `problem`. An operation is not taken back when who asked for it goes away.
 */
import type { OperationAnswers, Problem } from './answers.ts'
import type { Field, Operation } from './operation.ts'

export type { Problem }

/** Names of the operations: those of `Operations` in `main/admin/operations.ts`, and the streams. */
export type OperationName =
  | 'status'
  | 'config'
  | 'metrics'
  | 'openapi'
  | 'events'
  | 'logs'
  | 'restart'
  | 'reload'
  | 'stop'
  | 'addApplication'
  | 'removeApplication'
  | 'startApplication'
  | 'stopApplication'
  | 'restartApplication'
  | 'scaleApplication'
  | 'setLogLevel'
  | 'inject'
  | 'restartWorker'
  | 'drainWorker'
  | 'readyWorker'
  | 'profile'
  | 'heapSnapshot'
  | 'inspect'
  | 'closeInspector'

/** What an operation answers: the type of its value where it has one. */
export type AnswerOf<Name extends OperationName> = Name extends keyof OperationAnswers
  ? OperationAnswers[Name]
  : unknown

/** Where the API is, in front of every path. */
export const apiRoot = '/api/v1'

const application = `${apiRoot}/applications/:id`
const worker = `${application}/workers/:slot`
const reason: Field = { kind: 'text', required: false, sentence: 'Why, for the log and the events.' }
/** The query that asks for one application alone. */
export const ofApplication: Field = {
  kind: 'text',
  required: false,
  sentence: 'Only those of this application.'
}
const ofWorker: Field = {
  kind: 'text',
  required: false,
  sentence: 'Only those of this thread, `application:slot` or `edge:index`.'
}

/** Levels of log lines, from the least urgent to the most. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const

/** Largest body of a request that is injected, in bytes, and of its answer. */
export const injectedBodyMax: number = 10_000_000

/** Media type of metrics: the text format of Prometheus. */
export const metricsType = 'text/plain; version=0.0.4; charset=utf-8'

/** The operations by name. */
export const operations: Readonly<Record<OperationName, Operation>> = {
  status: reading(`${apiRoot}/status`, 'The server as it stands.', {
    answer: { form: 'value', shape: 'StatusReport' }
  }),
  config: reading(`${apiRoot}/config`, 'The configuration in force, without what may be secret.', {
    answer: { form: 'value', shape: 'Configuration' }
  }),
  metrics: reading(`${apiRoot}/metrics`, 'The metrics, as Prometheus reads them.', {
    query: { application: ofApplication },
    answer: { form: 'text', type: metricsType }
  }),
  openapi: reading(`${apiRoot}/openapi.json`, 'This description.', {
    answer: { form: 'value', shape: 'Description' }
  }),
  events: reading(`${apiRoot}/events`, 'What happens, as it happens.', {
    query: {
      application: ofApplication,
      worker: ofWorker,
      name: {
        kind: 'text',
        required: false,
        sentence: 'Only events of this name, or of the kind before its colon (`worker`); several with commas.'
      },
      since: {
        kind: 'integer',
        required: false,
        min: 0,
        sentence:
          'Only those after this number, as far as they are still remembered; like the header Last-Event-ID, which outranks it.'
      },
      follow: {
        kind: 'boolean',
        required: false,
        sentence: 'Whether events that come later follow.',
        defaultText: 'true'
      }
    },
    answer: { form: 'events', shape: 'EventMessage' }
  }),
  logs: reading(`${apiRoot}/logs`, 'The last lines of the log, and those that come.', {
    query: {
      application: ofApplication,
      worker: ofWorker,
      level: {
        kind: 'choice',
        choices: logLevels,
        required: false,
        sentence: 'Only lines of this level and those more urgent.'
      },
      tail: {
        kind: 'integer',
        required: false,
        min: 0,
        max: 100_000,
        sentence: 'How many of the last lines come first.',
        defaultText: '100'
      },
      follow: {
        kind: 'boolean',
        required: false,
        sentence: 'Whether lines that come later follow.',
        defaultText: 'true'
      }
    },
    answer: { form: 'events', shape: 'LogMessage' }
  }),
  restart: changing('POST', `${apiRoot}/restart`, 'Fresh workers with the same configuration.', {
    body: {
      applications: {
        kind: 'texts',
        required: false,
        sentence: 'Ids of the applications; all when it is left out.'
      }
    }
  }),
  reload: changing('POST', `${apiRoot}/reload`, 'New code and new configuration, all or nothing.', {
    body: { reason },
    answer: { form: 'value', shape: 'ReloadReport' }
  }),
  stop: changing('POST', `${apiRoot}/stop`, 'Begins a graceful stop; the answer says how long it may take.', {
    body: { reason },
    answer: { form: 'value', shape: 'StopNotice' }
  }),
  addApplication: changing('POST', `${apiRoot}/applications`, 'Starts one more application.', {
    body: { id: { kind: 'text', required: true, sentence: 'Id of the application.' } },
    isOpen: true
  }),
  removeApplication: changing('DELETE', application, 'Stops an application and forgets it.'),
  startApplication: changing('POST', `${application}/start`, 'Starts an application that was stopped.'),
  stopApplication: changing('POST', `${application}/stop`, 'Stops an application, which stays known.'),
  restartApplication: changing('POST', `${application}/restart`, 'Fresh workers for one application.'),
  scaleApplication: changing(
    'POST',
    `${application}/scale`,
    'Gives an application another number of workers, which does not follow its load until the next reload.',
    {
      body: {
        workers: {
          kind: 'integer',
          required: true,
          max: 256,
          word: 'auto',
          sentence:
            'How many; `auto` takes that back: the number follows the load, or is what the configuration says.'
        }
      }
    }
  ),
  setLogLevel: changing(
    'PUT',
    `${application}/log-level`,
    'Sets the least urgent lines an application writes, until it is reloaded.',
    {
      body: {
        level: {
          kind: 'choice',
          choices: [...logLevels, 'silent'],
          required: true,
          sentence: 'The level.'
        }
      }
    }
  ),
  inject: changing(
    'POST',
    `${application}/inject`,
    'Sends a request into an application, through the mesh, and answers with its answer.',
    {
      body: {
        method: { kind: 'text', required: false, sentence: 'The method.', defaultText: 'GET' },
        path: { kind: 'text', required: true, sentence: 'Path and query, beginning with a slash.' },
        headers: { kind: 'headers', required: false, sentence: 'Headers by name.' },
        body: { kind: 'text', required: false, mayBeEmpty: true, sentence: 'The body, as UTF-8.' },
        bodyBase64: {
          kind: 'text',
          required: false,
          mayBeEmpty: true,
          sentence: 'The body in Base64, instead of `body`.'
        },
        worker: {
          kind: 'integer',
          required: false,
          min: 0,
          max: 9999,
          sentence: 'The worker that is to answer, by its number.',
          defaultText: 'whichever is chosen'
        },
        timeoutMs: {
          kind: 'integer',
          required: false,
          max: 3_600_000,
          sentence: 'Milliseconds the whole answer may take.',
          defaultText: '30000'
        }
      },
      // In Base64 a body is longer by a third; the rest is for everything else.
      bodyMax: Math.ceil(injectedBodyMax / 3) * 4 + 256 * 1024,
      answer: { form: 'value', shape: 'InjectedResponse' }
    }
  ),
  restartWorker: changing('POST', `${worker}/restart`, 'A fresh thread for one worker.'),
  drainWorker: changing('POST', `${worker}/drain`, 'No new requests for one worker until it is made ready.'),
  readyWorker: changing('POST', `${worker}/ready`, 'Requests for a worker that was drained.'),
  profile: changing('POST', `${worker}/profile`, 'What one worker does with its time or its memory.', {
    body: {
      type: {
        kind: 'choice',
        choices: ['cpu', 'heap'],
        required: true,
        sentence:
          '`cpu`: where it spends its time, a `.cpuprofile`. `heap`: what allocates, a `.heapprofile`.'
      },
      durationMs: {
        kind: 'integer',
        required: false,
        min: 10,
        max: 300_000,
        sentence: 'Milliseconds it is watched for.',
        defaultText: '5000'
      }
    },
    answer: { form: 'document' }
  }),
  heapSnapshot: changing(
    'POST',
    `${worker}/heap-snapshot`,
    'All that is on the heap of one worker, a `.heapsnapshot`. The worker stands still meanwhile.',
    { answer: { form: 'document' } }
  ),
  inspect: changing('POST', `${worker}/inspect`, 'Opens the inspector of one worker, on this machine only.', {
    body: {
      port: {
        kind: 'integer',
        required: false,
        min: 0,
        max: 65_535,
        sentence: 'Its port; 0 takes any free one.',
        defaultText: '0'
      }
    },
    answer: { form: 'value', shape: 'InspectorAddress' }
  }),
  closeInspector: changing('DELETE', `${worker}/inspect`, 'Closes the inspector of one worker.')
}

/** Where an operation is done: the id of an application, the number of a worker. */
export interface Place {
  readonly id?: string
  readonly slot?: number
}

/** The path of an operation in a place. */
export function pathOf(name: OperationName, place: Place): string {
  return operations[name].path
    .replace(':id', encodeURIComponent(place.id ?? ''))
    .replace(':slot', String(place.slot ?? ''))
}

/** Media type of one answer, of a stream of lines, and of an error. */
export const answerType = 'application/json'
/** Media type of an answer that tells how it goes, one JSON object per line. */
export const streamType = 'application/x-ndjson'
/** Media type of server-sent events. */
export const eventsType = 'text/event-stream'
/** Media type of an error (RFC 9457). */
export const problemType = 'application/problem+json'

/** One line of a stream. */
export type ProgressLine =
  /** Something has happened meanwhile; the events are those of `heddle`'s `HeddleEvents`. */
  | { readonly event: string; readonly fact: unknown }
  /** The operation is done; `done` is its answer. */
  | { readonly done: unknown }
  | { readonly problem: Problem }

/** Whether the progress of an operation can be asked for. */
export function progresses({ changes, answer }: Operation): boolean {
  return changes && answer.form === 'value'
}

type Details = Partial<Pick<Operation, 'query' | 'body' | 'isOpen' | 'answer' | 'bodyMax'>>

function reading(path: string, summary: string, details: Details): Operation {
  return { ...changing('GET', path, summary, details), changes: false }
}

function changing(
  method: Operation['method'],
  path: string,
  summary: string,
  details: Details = {}
): Operation {
  const nothing = { form: 'value', shape: 'Nothing' } as const
  return {
    method,
    path,
    summary,
    query: {},
    body: {},
    isOpen: false,
    answer: nothing,
    changes: true,
    ...details
  }
}
