/**
 * Every way Heddle itself can fail, and the one class that says so.
 *
 * A caller switches on `error.code`, never on the class or the message: a class does not survive the
 * trip between two threads, a code does. What an application throws is never wrapped in one of these
 * without being its `cause`.
 */

/** One thing that is wrong with a configuration. */
export interface Mistake {
  /** Where: a key such as `applications.api.workers`, a flag such as `--port`, or a variable such as `PORT`. */
  readonly path: string
  /** What is wrong and what would be right, without a full stop. */
  readonly message: string
  /** What was written there; `undefined` when nothing was. */
  readonly offered: unknown
}

/** The failures by code, each with its facts. Codes are public: they are added, never renamed. */
export interface HeddleFailures {
  /** The configuration has mistakes. All of them are listed. `file` is null when there is no file. */
  HEDDLE_CONFIG_INVALID: { readonly file: string | null; readonly mistakes: readonly Mistake[] }
  /** There is no configuration file in the directory, and no entry was named. */
  HEDDLE_CONFIG_NOT_FOUND: { readonly directory: string; readonly names: readonly string[] }
  /** The configuration file cannot be read, parsed or run. The cause has the details. */
  HEDDLE_CONFIG_UNREADABLE: { readonly file: string; readonly reason: string }
  /** A worker did not become ready while the server started. The cause is what its application threw. */
  HEDDLE_APPLICATION_FAILED: {
    readonly application: string
    /** `application:slot`. */
    readonly worker: string
    /** What became of the worker, in words that follow its name. */
    readonly reason: string
  }
  /** An edge thread did not become ready while the server started. */
  HEDDLE_EDGE_FAILED: { readonly edge: string; readonly reason: string }
  /** Server mode `handoff` needs a call of the system that neither this Node.js nor an installed package offers. */
  HEDDLE_HANDOFF_UNAVAILABLE: { readonly node: string; readonly platform: string }
  /** A port could not be opened. `code` is the system's, for example `EADDRINUSE`. */
  HEDDLE_LISTEN_FAILED: {
    readonly server: 'public' | 'admin' | 'inspector'
    readonly hostname: string
    readonly port: number
    readonly code: string
  }
  /** The server was stopped before it had started. */
  HEDDLE_STOPPED: { readonly reason: string }

  /** There is no application of this id; `known` are those there are. */
  HEDDLE_UNKNOWN_APPLICATION: { readonly application: string; readonly known: readonly string[] }
  /** The application has no worker of this number; `workers` is how many it has. */
  HEDDLE_UNKNOWN_WORKER: {
    readonly application: string
    readonly slot: number
    readonly workers: number
  }
  /** An application of this id is there already. */
  HEDDLE_APPLICATION_EXISTS: { readonly application: string }
  /** The application is stopped, so there is nothing of it to act on. */
  HEDDLE_APPLICATION_STOPPED: { readonly application: string; readonly asked: string }
  /** Other applications depend on this one, so it may neither be stopped nor removed. */
  HEDDLE_APPLICATION_NEEDED: { readonly application: string; readonly dependents: readonly string[] }
  /** Public requests go to this application, so it cannot be removed at run time; `by` is the key that says so. */
  HEDDLE_APPLICATION_ROUTED: { readonly application: string; readonly by: 'entrypoint' | 'routes' }
  /** The worker may not be taken out of balancing: it takes no requests, or too few others do. */
  HEDDLE_WORKER_NEEDED: { readonly worker: string; readonly state: string }
  /** Something else is under way that does not go together with what was asked for. Nothing was done. */
  HEDDLE_BUSY: { readonly asked: string; readonly running: string; readonly runningMs: number }
  /** The server is not running (yet, or any more): nothing can be changed. */
  HEDDLE_NOT_RUNNING: { readonly asked: string; readonly phase: string }
  /** Workers could not be replaced by fresh ones; the old ones, where there are any, stay. The cause is the first error. */
  HEDDLE_RESTART_FAILED: {
    readonly failed: readonly { readonly worker: string; readonly reason: string }[]
  }
  /** A reload could not be carried out, and everything is as it was. The cause says why. */
  HEDDLE_RELOAD_FAILED: { readonly reason: string }
  /** The new configuration has changes that need a new process. Nothing was done. */
  HEDDLE_RELOAD_REFUSED: { readonly changes: readonly string[] }
  /** The worker has no thread at the moment, or it ended before what was asked for was done. */
  HEDDLE_WORKER_LOST: { readonly worker: string; readonly asked: string }
  /** The worker is in native code, where nothing can be asked of it; `doing` is what the system says that it does. */
  HEDDLE_WORKER_STUCK: {
    readonly worker: string
    readonly asked: string
    readonly afterMs: number
    readonly doing: string | null
  }
  /** A worker cannot be looked into at the moment; a moment later it can. */
  HEDDLE_DIAGNOSIS_UNREADY: { readonly worker: string; readonly asked: string; readonly reason: string }
  /** A worker could not be looked into. */
  HEDDLE_DIAGNOSIS_FAILED: { readonly worker: string; readonly asked: string; readonly reason: string }
  /** Nobody takes requests for the application, or the chosen worker takes none. */
  HEDDLE_INJECT_UNAVAILABLE: { readonly application: string; readonly reason: string }
  /** The application did not answer in time. */
  HEDDLE_INJECT_TIMEOUT: { readonly application: string; readonly afterMs: number }
  /** The application did not answer, or broke its answer off. The cause says why. */
  HEDDLE_INJECT_FAILED: { readonly application: string; readonly reason: string }
  /** A request to the management API cannot be understood. */
  HEDDLE_REQUEST_INVALID: { readonly reason: string }

  /** No server runs that a command could speak to; `running` says which others do, one sentence each. */
  HEDDLE_NO_SERVER: { readonly wanted: string; readonly running: readonly string[] }
  /** More than one server fits; `running` are those. */
  HEDDLE_SERVER_AMBIGUOUS: { readonly wanted: string; readonly running: readonly string[] }
  /** The connection to the server ended before it had answered. */
  HEDDLE_CONNECTION_LOST: { readonly pid: number | null; readonly asked: string }
  /** The server has not ended in the time its configuration gives it. */
  HEDDLE_STOP_OVERDUE: { readonly pid: number; readonly afterMs: number }
  /** The socket for commands could not be opened. */
  HEDDLE_SOCKET_FAILED: { readonly path: string; readonly reason: string }
  /** What was typed for a command is wrong in a way that only the command itself can tell. */
  HEDDLE_COMMAND_INVALID: { readonly reason: string }
  /** A file that was to be written is there already, so nothing was; `canForce` when `--force` would replace it. */
  HEDDLE_FILE_EXISTS: { readonly path: string; readonly canForce: boolean }
  /** No application was found that a configuration could be written for; `leftOut` are directories with something else. */
  HEDDLE_NOTHING_FOUND: {
    readonly directory: string
    readonly leftOut: readonly { readonly path: string; readonly reason: string }[]
  }
  /** A file that a command was to read or to write could not be. */
  HEDDLE_FILE_FAILED: { readonly path: string; readonly reason: string }
  /** A command needs a package that users install themselves. */
  HEDDLE_PACKAGE_MISSING: { readonly name: string; readonly command: string }

  /** The application gets no public requests, so none can be sent to it from outside. */
  HEDDLE_NOT_PUBLIC: { readonly application: string; readonly reason: string }
  /** Nobody answers where a load test is to send its requests. */
  HEDDLE_LOAD_UNREACHABLE: { readonly url: string; readonly reason: string }
  /** A load test could not be carried out. */
  HEDDLE_LOAD_TEST_FAILED: { readonly reason: string }

  /** Builds failed; what depends on them was not begun. */
  HEDDLE_BUILD_FAILED: {
    readonly failed: readonly { readonly name: string; readonly reason: string }[]
    readonly notBegun: readonly string[]
  }
  /** What is to be built depends on itself. */
  HEDDLE_BUILD_CIRCLE: { readonly circle: readonly string[] }
}

const messages: { readonly [Code in keyof HeddleFailures]: (detail: HeddleFailures[Code]) => string } = {
  HEDDLE_CONFIG_INVALID: ({ file, mistakes }) =>
    [
      `${file ?? 'The configuration'} has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}:`,
      ...mistakes.map(mistake => `  ${mistakeLine(mistake)}`)
    ].join('\n'),
  HEDDLE_CONFIG_NOT_FOUND: ({ directory, names }) =>
    `There is no configuration file in ${directory} (looked for ${names.join(', ')}).`,
  HEDDLE_CONFIG_UNREADABLE: ({ file, reason }) => `${file} cannot be read: ${reason}.`,
  HEDDLE_APPLICATION_FAILED: ({ application, worker, reason }) =>
    `The application ${application} could not start: worker ${worker} ${reason}.`,
  HEDDLE_EDGE_FAILED: ({ edge, reason }) => `The edge thread ${edge} could not start: it ${reason}.`,
  HEDDLE_HANDOFF_UNAVAILABLE: ({ node, platform }) =>
    platform === 'win32'
      ? 'Server mode "handoff" does not work on Windows: use "edge" or "direct".'
      : `Server mode "handoff" needs to duplicate file descriptors, which Node.js ${node} cannot do here by itself: ` +
        'install koffi beside the configuration (npm i koffi), run Node.js 26 (with --allow-ffi where permissions are restricted), or use server mode "edge" or "direct".',
  HEDDLE_LISTEN_FAILED: ({ server, hostname, port, code }) =>
    `The ${listeners[server]} port ${hostname}:${port} could not be opened: ${listenReason(code)}.`,
  HEDDLE_STOPPED: ({ reason }) => `The server was stopped before it had started: ${reason}.`,

  HEDDLE_UNKNOWN_APPLICATION: ({ application, known }) =>
    `There is no application "${application}"; there ${known.length === 1 ? 'is' : 'are'} ${known.length === 0 ? 'none' : known.join(', ')}.`,
  HEDDLE_UNKNOWN_WORKER: ({ application, slot, workers }) =>
    `The application ${application} has no worker ${slot}: its ${workers} are numbered from 0.`,
  HEDDLE_APPLICATION_EXISTS: ({ application }) => `There is an application "${application}" already.`,
  HEDDLE_APPLICATION_STOPPED: ({ application, asked }) =>
    `The ${asked} is not possible: the application ${application} is stopped.`,
  HEDDLE_APPLICATION_NEEDED: ({ application, dependents }) =>
    `The application ${application} is needed by ${dependents.join(', ')}: stop or remove ${dependents.length === 1 ? 'that' : 'those'} first.`,
  HEDDLE_APPLICATION_ROUTED: ({ application, by }) =>
    `The application ${application} gets public requests (${by}): take it out of the configuration and reload.`,
  HEDDLE_WORKER_NEEDED: ({ worker, state }) =>
    state === 'ready'
      ? `Worker ${worker} cannot be spared: at least half of the workers of an application take requests.`
      : `Worker ${worker} takes no requests: it is ${state}.`,
  HEDDLE_BUSY: ({ asked, running, runningMs }) =>
    `The ${asked} has to wait: a ${running} is under way, for ${(runningMs / 1000).toFixed(1)} s by now.`,
  HEDDLE_NOT_RUNNING: ({ asked, phase }) => `The ${asked} is not possible: the server is ${phase}.`,
  HEDDLE_RESTART_FAILED: ({ failed }) =>
    `${failed.length === 1 ? 'A worker' : `${failed.length} workers`} could not be replaced by ${failed.length === 1 ? 'a fresh one' : 'fresh ones'}: ${failed.map(({ worker, reason }) => `${worker} ${reason}`).join('; ')}.`,
  HEDDLE_RELOAD_FAILED: ({ reason }) => `The reload failed, and everything runs on as it was: ${reason}`,
  HEDDLE_RELOAD_REFUSED: ({ changes }) =>
    `The configuration has changes that need a new start, so nothing was changed: ${changes.join('; ')}.`,
  HEDDLE_WORKER_LOST: ({ worker, asked }) =>
    `The ${asked} is not possible: worker ${worker} has no thread any more.`,
  HEDDLE_WORKER_STUCK: ({ worker, asked, afterMs, doing }) =>
    `The ${asked} is not possible: worker ${worker} is in native code${doing === null ? '' : ` (it ${doing})`} and has not answered within ${(afterMs / 1000).toFixed(1)} s.`,
  HEDDLE_DIAGNOSIS_UNREADY: ({ worker, asked, reason }) =>
    `The ${asked} of worker ${worker} is not possible at the moment: ${reason}.`,
  HEDDLE_DIAGNOSIS_FAILED: ({ worker, asked, reason }) =>
    `The ${asked} of worker ${worker} failed: ${reason}.`,
  HEDDLE_INJECT_UNAVAILABLE: ({ application, reason }) =>
    `The application ${application} takes no request: ${reason}`,
  HEDDLE_INJECT_TIMEOUT: ({ application, afterMs }) =>
    `The application ${application} has not answered within ${afterMs} ms.`,
  HEDDLE_INJECT_FAILED: ({ application, reason }) =>
    `The application ${application} has not answered: ${reason}`,
  HEDDLE_REQUEST_INVALID: ({ reason }) => `The request cannot be understood: ${reason}.`,

  HEDDLE_NO_SERVER: ({ wanted, running }) => `No server runs ${wanted}.${others(running)}`,
  HEDDLE_SERVER_AMBIGUOUS: ({ wanted, running }) =>
    `${running.length} servers run ${wanted}: choose one with --pid.${others(running)}`,
  HEDDLE_CONNECTION_LOST: ({ pid, asked }) =>
    `The connection to the server${pid === null ? '' : ` (process ${pid})`} ended before the ${asked} was done.`,
  HEDDLE_STOP_OVERDUE: ({ pid, afterMs }) =>
    `The server (process ${pid}) has not ended within ${(afterMs / 1000).toFixed(1)} s.`,
  HEDDLE_SOCKET_FAILED: ({ path, reason }) => `The socket for commands ${path} cannot be used: ${reason}.`,
  HEDDLE_COMMAND_INVALID: ({ reason }) => `The command line is wrong: ${reason}.`,
  HEDDLE_FILE_EXISTS: ({ path, canForce }) =>
    `${path} is there already, and nothing was written: ${canForce ? 'replace it with --force, or remove it' : 'remove it first'}.`,
  HEDDLE_NOTHING_FOUND: ({ directory, leftOut }) =>
    [
      `No application was found in ${directory} that Heddle could run.`,
      ...leftOut.map(({ path, reason }) => `  ${path === '' ? '.' : path}: ${reason}`)
    ].join('\n'),
  HEDDLE_FILE_FAILED: ({ path, reason }) => `The file ${path} could not be read or written: ${reason}.`,
  HEDDLE_PACKAGE_MISSING: ({ name, command }) =>
    `heddle ${command} needs the package ${name}, which is not installed: npm install --save-dev ${name}`,

  HEDDLE_NOT_PUBLIC: ({ application, reason }) => `The application ${application} ${reason}.`,
  HEDDLE_LOAD_UNREACHABLE: ({ url, reason }) => `Nobody answers at ${url}: ${listenReason(reason)}.`,
  HEDDLE_LOAD_TEST_FAILED: ({ reason }) => `The load test failed: ${reason}.`,

  HEDDLE_BUILD_FAILED: ({ failed, notBegun }) =>
    `${failed.length === 1 ? 'A build' : `${failed.length} builds`} failed: ${failed.map(({ name, reason }) => `${name} ${reason}`).join('; ')}.` +
    (notBegun.length === 0 ? '' : ` Not begun: ${notBegun.join(', ')}.`),
  HEDDLE_BUILD_CIRCLE: ({ circle }) => `What is to be built depends on itself: ${circle.join(' → ')}.`
}

function others(running: readonly string[]): string {
  return running.length === 0 ? ' Nothing else runs either.' : ['', ...running].join('\n  ')
}

const listeners = { public: 'public', admin: 'administrative', inspector: "inspector's" } as const

const listenReasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses it',
  EACCES: 'this user may not open it',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'the host name is not known',
  ECONNREFUSED: 'the connection was refused'
}

function listenReason(code: string): string {
  return listenReasons[code] ?? code
}

/** A failure of Heddle itself, told apart by its `code`. */
export class HeddleError<Code extends keyof HeddleFailures = keyof HeddleFailures> extends Error {
  static {
    // On the prototype, where Error keeps its own: an own property would show in every logged error.
    this.prototype.name = 'HeddleError'
  }

  readonly code: Code
  readonly detail: HeddleFailures[Code]

  constructor(code: Code, detail: HeddleFailures[Code], options?: ErrorOptions) {
    super(messages[code](detail), options)
    this.code = code
    this.detail = detail
  }
}

/** Whether `error` is the failure `code`; narrows `detail` to its facts. */
export function isFailure<Code extends keyof HeddleFailures>(
  error: unknown,
  code: Code
): error is HeddleError<Code> {
  return error instanceof HeddleError && error.code === code
}

/** A mistake as one line: `server.port: must be …, got 70000`. */
export function mistakeLine({ path, message, offered }: Mistake): string {
  const place = path === '' ? '' : `${path}: `
  return `${place}${message}${offered === undefined ? '' : `, got ${shorten(offered)}`}`
}

function shorten(value: unknown): string {
  const text = textOf(value)
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

/** Modules and programs can offer anything. */
function textOf(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  // As JSON they would be null, or nothing at all.
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return 'what cannot be written'
  }
}
