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

/** One value of an input. */
export interface Field {
  readonly kind: 'integer' | 'text' | 'texts' | 'object'
  readonly required: boolean
  readonly sentence: string
}

/** One operation. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** With its parameters as `:id` and `:slot`. */
  readonly path: string
  /** What it does, as a sentence. */
  readonly summary: string
  /** What its JSON body may contain. */
  readonly body: Readonly<Record<string, Field>>
  /** Whether `body` may have further keys, which are handed on as they are. */
  readonly isOpen: boolean
  /** What the answer says. `nothing` is an empty object. */
  readonly answer: 'status' | 'reload' | 'stop' | 'nothing'
  /** Whether it changes something, and may take time. */
  readonly changes: boolean
}

/** Names of the operations. */
export type OperationName =
  | 'status'
  | 'restart'
  | 'reload'
  | 'stop'
  | 'addApplication'
  | 'removeApplication'
  | 'startApplication'
  | 'stopApplication'
  | 'restartApplication'
  | 'scaleApplication'
  | 'restartWorker'
  | 'drainWorker'
  | 'readyWorker'

/** Where the API is, in front of every path. */
export const apiRoot = '/api/v1'

const application = `${apiRoot}/applications/:id`
const worker = `${application}/workers/:slot`
const reason: Field = {
  kind: 'text',
  required: false,
  sentence: 'Why, for the log and the events.'
}

/** The operations by name. */
export const operations: Readonly<Record<OperationName, Operation>> = {
  status: {
    ...request('GET', `${apiRoot}/status`, 'The server as it stands.'),
    answer: 'status',
    changes: false
  },
  restart: {
    ...request('POST', `${apiRoot}/restart`, 'Fresh workers with the same configuration.'),
    body: {
      applications: {
        kind: 'texts',
        required: false,
        sentence: 'Ids of the applications; all when it is left out.'
      }
    }
  },
  reload: {
    ...request('POST', `${apiRoot}/reload`, 'New code and new configuration, all or nothing.'),
    body: { reason },
    answer: 'reload'
  },
  stop: {
    ...request('POST', `${apiRoot}/stop`, 'Begins a graceful stop; the answer says how long it may take.'),
    body: { reason },
    answer: 'stop'
  },
  addApplication: {
    ...request('POST', `${apiRoot}/applications`, 'Starts one more application.'),
    body: { id: { kind: 'text', required: true, sentence: 'Id of the application.' } },
    isOpen: true
  },
  removeApplication: request('DELETE', application, 'Stops an application and forgets it.'),
  startApplication: request('POST', `${application}/start`, 'Starts an application that was stopped.'),
  stopApplication: request('POST', `${application}/stop`, 'Stops an application, which stays known.'),
  restartApplication: request('POST', `${application}/restart`, 'Fresh workers for one application.'),
  scaleApplication: {
    ...request('POST', `${application}/scale`, 'Gives an application another number of workers.'),
    body: { workers: { kind: 'integer', required: true, sentence: 'How many, from 1 to 256.' } }
  },
  restartWorker: request('POST', `${worker}/restart`, 'A fresh thread for one worker.'),
  drainWorker: request('POST', `${worker}/drain`, 'No new requests for one worker until it is made ready.'),
  readyWorker: request('POST', `${worker}/ready`, 'Requests for a worker that was drained.')
}

/** Where an operation is done: the id of an application, the number of a worker. */
export interface Place {
  readonly id?: string
  readonly slot?: number
}

/** What the path of a request stands for. */
export type Match =
  | { readonly found: true; readonly name: OperationName; readonly place: Place }
  /** Methods the path has; empty when there is nothing at it. */
  | { readonly found: false; readonly methods: readonly string[] }

/** Finds the operation for a request. */
export function matchOperation(method: string, pathname: string): Match {
  const methods: string[] = []
  for (const [name, operation] of Object.entries(operations)) {
    const place = placeIn(operation.path, pathname)
    if (place === null) continue
    if (operation.method === method || (method === 'HEAD' && operation.method === 'GET')) {
      return { found: true, name: name as OperationName, place }
    }
    methods.push(...(operation.method === 'GET' ? ['GET', 'HEAD'] : [operation.method]))
  }
  return { found: false, methods: [...new Set(methods)] }
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
/** Media type of an error (RFC 9457). */
export const problemType = 'application/problem+json'

/** One line of a stream. */
export type ProgressLine =
  /** Something has happened meanwhile; the events are those of `heddle`'s `HeddleEvents`. */
  | { readonly event: string; readonly fact: unknown }
  /** The operation is done; `done` is its answer. */
  | { readonly done: unknown }
  | { readonly problem: Problem }

/** An error as RFC 9457 wants it. */
export interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  /** Stable, for programs: a `HEDDLE_…` code, `UNAUTHORIZED`, `FORBIDDEN`, `NOT_FOUND` and the like. */
  readonly code: string
  /** The facts of that code, as in `HeddleFailures`; absent for other codes. */
  readonly facts?: unknown
  /** What was behind it, for example what an application threw: its stack, those of its causes after it. */
  readonly cause?: string
}

function request(method: Operation['method'], path: string, summary: string): Operation {
  return { method, path, summary, body: {}, isOpen: false, answer: 'nothing', changes: true }
}

function placeIn(pattern: string, pathname: string): Place | null {
  const wanted = pattern.split('/')
  const given = pathname.split('/')
  if (wanted.length !== given.length) return null
  let place: Place = {}
  for (const [index, part] of wanted.entries()) {
    const text = given[index] ?? ''
    if (part === ':id') {
      const id = decoded(text)
      if (id === null || id === '') return null
      place = { ...place, id }
    } else if (part === ':slot') {
      if (!/^\d{1,4}$/.test(text)) return null
      place = { ...place, slot: Number(text) }
    } else if (part !== text) return null
  }
  return place
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    // A percent sign that introduces nothing: no id has one.
    return null
  }
}
