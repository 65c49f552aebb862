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
  /** A port could not be opened. `code` is the system's, for example `EADDRINUSE`. */
  HEDDLE_LISTEN_FAILED: {
    readonly server: 'public' | 'admin'
    readonly hostname: string
    readonly port: number
    readonly code: string
  }
  /** The server was stopped before it had started. */
  HEDDLE_STOPPED: { readonly reason: string }
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
  HEDDLE_LISTEN_FAILED: ({ server, hostname, port, code }) =>
    `The ${server === 'admin' ? 'administrative' : 'public'} port ${hostname}:${port} could not be opened: ${listenReason(code)}.`,
  HEDDLE_STOPPED: ({ reason }) => `The server was stopped before it had started: ${reason}.`
}

const listenReasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses it',
  EACCES: 'this user may not open it',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'the host name is not known'
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
  const text = typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value))
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}
