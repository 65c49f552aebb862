/**
 * Where the sockets for commands are, and what lies beside each: who the server is, for those who look for it.
 *
 * Main thread, of servers and of commands. It reads and writes small files of one user's directory.
 *
 *     $XDG_RUNTIME_DIR/heddle/4711.sock    the socket (0600), in a directory of the user's own (0700)
 *     $XDG_RUNTIME_DIR/heddle/4711.json    ServerFacts
 *
 * Without XDG_RUNTIME_DIR the directory is `heddle-<uid>` in that for temporary files.
 */
import { lstatSync, readFileSync, readdirSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, isAbsolute, join } from 'node:path'

/** Who a server is. */
export interface ServerFacts {
  readonly pid: number
  /** What its configuration calls it. */
  readonly name: string
  /** Absolute path of the socket. */
  readonly socket: string
  /** Absolute directory of its configuration. */
  readonly root: string
  /** Absolute path of the configuration file; `null` when it was started from an entry alone. */
  readonly file: string | null
  /** Ids of its applications when it started. */
  readonly applications: readonly string[]
  /** Address of the public server; `null` until it is known. */
  readonly url: string | null
  /** When it began, as in `Date.toISOString()`. */
  readonly startedAt: string
}

/**
 * Longest path of a socket in bytes: what `sockaddr_un` holds less its final zero. 108 on Linux, 104 on macOS
 * and the BSDs. A longer one is cut by the system without a word.
 */
export const socketPathMax: number = process.platform === 'linux' ? 107 : 103

/** The directory for sockets of this user. */
export function socketDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const runtime = env['XDG_RUNTIME_DIR']
  // A relative one is to be ignored, says its specification: it would be another one for each directory.
  if (runtime !== undefined && isAbsolute(runtime)) return join(runtime, 'heddle')
  return join(tmpdir(), `heddle-${process.getuid?.() ?? 'user'}`)
}

/** Why the directory may not be used, in words that follow its name; `null` when all is well or it is absent. */
export function mistrust(directory: string): string | null {
  const found = lstatSync(directory, { throwIfNoEntry: false })
  if (found === undefined) return null
  if (!found.isDirectory()) return 'is no directory'
  // Anybody may have made a directory of that name where everybody keeps temporary files.
  if (process.getuid !== undefined && found.uid !== process.getuid()) return 'belongs to another user'
  if ((found.mode & 0o077) !== 0) return 'can be entered by other users'
  return null
}

/** The servers of this user that answer, by process. What others have left behind is not listed. */
export async function runningServers(directory: string): Promise<readonly ServerFacts[]> {
  const written = readAll(directory)
  const answers = await Promise.all(written.map(({ facts }) => answersAt(facts.socket)))
  return written
    .map(({ facts }) => facts)
    .filter((_, index) => answers[index] === true)
    .toSorted((a, b) => a.pid - b.pid)
}

/** Removes sockets and facts of servers that are gone: the process has ended and nobody answers at the socket. */
export async function removeStale(directory: string): Promise<void> {
  for (const { path, facts } of readAll(directory)) {
    if (isAlive(facts.pid) || (await answersAt(facts.socket))) continue
    removeFile(path)
    removeFile(facts.socket)
  }
}

/**
 * Whether there is a process of that number that still runs. One of another user counts as well; one that has ended
 * and whose parent has not asked for its exit code (Linux) does not.
 */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !hasEnded(pid)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function hasEnded(pid: number): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // Its name comes first, in brackets, and may contain anything. The first thread may have ended before the others:
    // their number is the eighteenth word behind the name (proc_pid_stat(5)).
    const words = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return words[0] === 'Z' && Number(words[17]) <= 1
  } catch {
    // No such file system, or gone just now: the signal has told what is to be known.
    return false
  }
}

/** Whether somebody accepts connections at the socket. */
export function answersAt(socket: string): Promise<boolean> {
  return new Promise(resolve => {
    const connection = connect(socket)
    const end = (isThere: boolean): void => {
      connection.destroy()
      resolve(isThere)
    }
    connection.once('connect', () => end(true))
    connection.once('error', () => end(false))
  })
}

/** Removes a file that may be gone already. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Gone already, or not ours to remove: then it is somebody else's to clean.
  }
}

/**
 * One server in a line: `process 4711 called shop in /srv/v7 (heddle.config.ts) at http://localhost:3000: api, web`.
 * A name that its directory has too is left out.
 */
export function describeServer({ name, pid, root, file, url, applications }: ServerFacts): string {
  const isOwnName = typeof name === 'string' && name !== basename(root)
  const called = isOwnName ? ` called ${name}` : ''
  const from = file === null ? '' : ` (${basename(file)})`
  const at = url === null ? '' : ` at ${url}`
  return `process ${pid}${called} in ${root}${from}${at}: ${applications.join(', ')}`
}

function readAll(directory: string): { readonly path: string; readonly facts: ServerFacts }[] {
  if (mistrust(directory) !== null) return []
  let names: string[]
  try {
    names = readdirSync(directory)
  } catch {
    // No server of this user has ever run here.
    return []
  }
  return names
    .filter(name => name.endsWith('.json'))
    .map(name => join(directory, name))
    .flatMap(path => {
      const facts = readFacts(path)
      // The socket lies beside its facts, whatever is written there: only such files may be removed.
      return facts === null ? [] : [{ path, facts: { ...facts, socket: path.replace(/\.json$/, '.sock') } }]
    })
}

function readFacts(path: string): ServerFacts | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return isFacts(value) ? value : null
  } catch {
    // Half written, or just removed: there is no server to speak of.
    return null
  }
}

function isFacts(value: unknown): value is ServerFacts {
  if (typeof value !== 'object' || value === null) return false
  const { pid, socket, root, applications } = value as Partial<Record<keyof ServerFacts, unknown>>
  return (
    Number.isSafeInteger(pid) &&
    typeof socket === 'string' &&
    typeof root === 'string' &&
    Array.isArray(applications)
  )
}
