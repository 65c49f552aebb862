/**
 * Every code the process may end with, and which failure has which.
 *
 * The reference page of exit codes is generated from here. Codes follow sysexits.h where it has one, so that
 * a supervisor can tell "fix the configuration" from "try again". bin/heddle.js repeats `nodeTooOld`: it may
 * import nothing.
 */
import type { HeddleFailures } from '../errors.ts'

/** One exit code. */
export interface ExitCode {
  readonly code: number
  /** When the process ends with it. */
  readonly meaning: string
  /** Whether starting again unchanged can help. */
  readonly retry: boolean
}

/** Names of the exit codes. */
export type ExitName =
  | 'ok'
  | 'unexpected'
  | 'differs'
  | 'usage'
  | 'statusFailed'
  | 'noServer'
  | 'buildFailed'
  | 'nodeTooOld'
  | 'packageMissing'
  | 'applicationFailed'
  | 'portUnavailable'
  | 'busy'
  | 'fileFailed'
  | 'connectionLost'
  | 'configInvalid'
  | 'targetMissed'
  | 'interrupted'
  | 'killed'
  | 'hungUp'
  | 'terminated'

/** The exit codes by name. */
export const exitCodes: Readonly<Record<ExitName, ExitCode>> = {
  ok: { code: 0, meaning: 'Done, or stopped in good order.', retry: false },
  unexpected: { code: 1, meaning: 'An error nobody foresaw; it is printed with its stack.', retry: true },
  differs: { code: 1, meaning: '`heddle config --diff`: the configurations differ.', retry: false },
  usage: {
    code: 2,
    meaning:
      'The command line is wrong: an unknown command or option, a missing value, an application that is not there or cannot be spared.',
    retry: false
  },
  statusFailed: {
    code: 22,
    meaning:
      '`heddle inject --fail`: the application answered with a status of 400 or more, or its answer is not complete.',
    retry: true
  },
  noServer: {
    code: 68,
    meaning: 'No server runs there, or more than one; those that run are listed.',
    retry: false
  },
  buildFailed: {
    code: 65,
    meaning: '`heddle build`: a build failed; what does not depend on it was finished.',
    retry: false
  },
  nodeTooOld: { code: 69, meaning: 'The Node.js that runs Heddle is older than 22.19.', retry: false },
  packageMissing: {
    code: 69,
    meaning: 'A package is not installed that only this command needs; its name is printed.',
    retry: false
  },
  applicationFailed: {
    code: 70,
    meaning:
      'An application or a thread of Heddle could not start; its own error is printed. After a restart or a reload: what ran before runs on.',
    retry: true
  },
  portUnavailable: {
    code: 71,
    meaning: 'A port could not be opened: it is in use or not allowed.',
    retry: true
  },
  fileFailed: { code: 74, meaning: 'A file could not be read or written.', retry: false },
  busy: {
    code: 75,
    meaning: 'The server has something else under way, or is starting or stopping; nothing was changed.',
    retry: true
  },
  connectionLost: {
    code: 76,
    meaning: 'The server ended, or ended the connection, before it had answered; or it did not end in time.',
    retry: true
  },
  configInvalid: {
    code: 78,
    meaning:
      'The configuration is missing, cannot be read, has mistakes, or (reload) has changes that need a new start; all of them are printed.',
    retry: false
  },
  targetMissed: {
    code: 99,
    meaning:
      '`heddle bench`: a target was missed (`--p50` to `--p999`, `--rps`, `--errors`), or no request was answered.',
    retry: true
  },
  hungUp: {
    code: 129,
    meaning: 'A command that goes on (`logs -f`, `events -f`, `top`, `inspect`): its terminal has gone.',
    retry: false
  },
  interrupted: {
    code: 130,
    meaning:
      'Ended by Ctrl-C (SIGINT) before there was a server to stop, while the configuration was read, or before a build or a load test was complete; 143 after SIGTERM, 129 after SIGHUP.',
    retry: false
  },
  killed: {
    code: 137,
    meaning: 'The graceful stop passed its deadline and the process killed itself (SIGKILL).',
    retry: true
  },
  terminated: {
    code: 143,
    meaning: 'A command that goes on was ended by SIGTERM. Ctrl-C is how it is meant to end: code 0.',
    retry: false
  }
}

/** What to tell someone about a failure, and how the process ends. */
export interface Outcome {
  readonly exit: number
  /** What to do about it, as a sentence. */
  readonly hint: string | null
}

/** How the process ends for each failure of Heddle itself. */
export const outcomes: { readonly [Code in keyof HeddleFailures]: Outcome } = {
  HEDDLE_CONFIG_INVALID: { exit: exitCodes.configInvalid.code, hint: null },
  HEDDLE_CONFIG_NOT_FOUND: {
    exit: exitCodes.configInvalid.code,
    hint: 'Write one with heddle init, name one with --config, or name an application: heddle start server.js'
  },
  HEDDLE_CONFIG_UNREADABLE: { exit: exitCodes.configInvalid.code, hint: null },
  HEDDLE_APPLICATION_FAILED: { exit: exitCodes.applicationFailed.code, hint: null },
  HEDDLE_EDGE_FAILED: { exit: exitCodes.applicationFailed.code, hint: null },
  HEDDLE_HANDOFF_UNAVAILABLE: { exit: exitCodes.configInvalid.code, hint: null },
  HEDDLE_LISTEN_FAILED: {
    exit: exitCodes.portUnavailable.code,
    hint: 'Choose another port with --port or --admin-port (0 takes any free one), or stop what uses it.'
  },
  HEDDLE_STOPPED: { exit: exitCodes.interrupted.code, hint: null },
  HEDDLE_UNKNOWN_APPLICATION: { exit: exitCodes.usage.code, hint: null },
  HEDDLE_UNKNOWN_WORKER: { exit: exitCodes.usage.code, hint: null },
  HEDDLE_APPLICATION_EXISTS: { exit: exitCodes.usage.code, hint: null },
  HEDDLE_APPLICATION_STOPPED: {
    exit: exitCodes.busy.code,
    hint: 'heddle apps start starts it.'
  },
  HEDDLE_APPLICATION_NEEDED: { exit: exitCodes.usage.code, hint: null },
  HEDDLE_APPLICATION_ROUTED: { exit: exitCodes.usage.code, hint: null },
  HEDDLE_WORKER_NEEDED: { exit: exitCodes.busy.code, hint: null },
  HEDDLE_BUSY: { exit: exitCodes.busy.code, hint: null },
  HEDDLE_NOT_RUNNING: { exit: exitCodes.busy.code, hint: null },
  HEDDLE_RESTART_FAILED: { exit: exitCodes.applicationFailed.code, hint: null },
  HEDDLE_RELOAD_FAILED: { exit: exitCodes.applicationFailed.code, hint: null },
  HEDDLE_RELOAD_REFUSED: { exit: exitCodes.configInvalid.code, hint: null },
  HEDDLE_WORKER_LOST: { exit: exitCodes.busy.code, hint: null },
  HEDDLE_WORKER_STUCK: {
    exit: exitCodes.busy.code,
    hint: 'What called the native code is in the log, in the line that says that the worker turns again.'
  },
  HEDDLE_DIAGNOSIS_UNREADY: { exit: exitCodes.busy.code, hint: null },
  HEDDLE_DIAGNOSIS_FAILED: { exit: exitCodes.applicationFailed.code, hint: null },
  HEDDLE_INJECT_UNAVAILABLE: { exit: exitCodes.busy.code, hint: null },
  HEDDLE_INJECT_TIMEOUT: { exit: exitCodes.connectionLost.code, hint: null },
  HEDDLE_INJECT_FAILED: { exit: exitCodes.connectionLost.code, hint: null },
  HEDDLE_REQUEST_INVALID: { exit: exitCodes.usage.code, hint: null },
  HEDDLE_NO_SERVER: {
    exit: exitCodes.noServer.code,
    hint: 'Run the command in the directory of its configuration, or name it with --config, --name, --pid or --socket.'
  },
  HEDDLE_SERVER_AMBIGUOUS: { exit: exitCodes.noServer.code, hint: null },
  HEDDLE_CONNECTION_LOST: { exit: exitCodes.connectionLost.code, hint: null },
  HEDDLE_STOP_OVERDUE: { exit: exitCodes.connectionLost.code, hint: null },
  HEDDLE_SOCKET_FAILED: { exit: exitCodes.noServer.code, hint: null },
  HEDDLE_COMMAND_INVALID: { exit: exitCodes.usage.code, hint: null },
  HEDDLE_FILE_EXISTS: { exit: exitCodes.fileFailed.code, hint: null },
  HEDDLE_NOTHING_FOUND: {
    exit: exitCodes.configInvalid.code,
    hint: 'What was not recognised is started by its file: heddle start server.js. On a terminal, heddle init asks for that.'
  },
  HEDDLE_FILE_FAILED: { exit: exitCodes.fileFailed.code, hint: null },
  HEDDLE_PACKAGE_MISSING: { exit: exitCodes.packageMissing.code, hint: null },
  HEDDLE_NOT_PUBLIC: {
    exit: exitCodes.usage.code,
    hint: 'Give it a route, name another path, or give the URL of a port that leads to it.'
  },
  HEDDLE_LOAD_UNREACHABLE: { exit: exitCodes.noServer.code, hint: null },
  HEDDLE_LOAD_TEST_FAILED: { exit: exitCodes.unexpected.code, hint: null },
  HEDDLE_BUILD_FAILED: { exit: exitCodes.buildFailed.code, hint: null },
  HEDDLE_BUILD_CIRCLE: { exit: exitCodes.configInvalid.code, hint: null }
}
