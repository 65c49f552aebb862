/**
 * Finds the running server a command is about: by its socket, its process, its name, or the directory of its
 * configuration. It never guesses: none or several is an error that lists what runs.
 *
 * Main thread of a command.
 */
import { realpathSync, statSync } from 'node:fs'
import { basename, resolve } from 'node:path'

import { describeServer, mistrust, runningServers, socketDirectory } from '../control/server-facts.ts'
import type { ServerFacts } from '../control/server-facts.ts'
import { HeddleError } from '../errors.ts'
import type { Server } from './control-client.ts'
import type { Typed } from './program.ts'
import { typedNumber } from './typed-number.ts'

/** The highest number a process may have anywhere. */
const pidMax = 4_294_967_295

/**
 * The server that `--socket`, `--pid`, `--name`, `--config` or the current directory means.
 *
 * @throws HEDDLE_NO_SERVER, HEDDLE_SERVER_AMBIGUOUS; HEDDLE_COMMAND_INVALID; HEDDLE_SOCKET_FAILED when the directory of the sockets may not
 * be used.
 */
export async function findServer(typed: Typed): Promise<Server> {
  const { options } = typed
  const { socket, pid, name, config } = options
  const named = ['socket', 'pid', 'name'].filter(option => typeof options[option] === 'string')
  if (named.length > 1) {
    const reason = `${named.map(option => `--${option}`).join(' and ')} exclude each other`
    throw new HeddleError('HEDDLE_COMMAND_INVALID', { reason })
  }
  typedNumber(typed, 'pid', { min: 1, max: pidMax })
  if (typeof socket === 'string') return { socket: resolve(socket), pid: null }
  const running = await allServers()
  if (typeof pid === 'string') {
    return choose(running, facts => String(facts.pid) === pid, `with process ${pid}`)
  }
  if (typeof name === 'string') {
    return choose(running, facts => nameOf(facts) === name, `by the name ${JSON.stringify(name)}`)
  }
  const path = real(resolve(typeof config === 'string' ? config : (process.env['HEDDLE_CONFIG'] ?? '')))
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true
  return isFile
    ? choose(running, ({ file }) => file !== null && real(file) === path, `with the configuration ${path}`)
    : choose(running, ({ root }) => real(root) === path, `in ${path}`)
}

/** Every server of this user that answers, by process. @throws HEDDLE_SOCKET_FAILED */
export async function allServers(): Promise<readonly ServerFacts[]> {
  const directory = socketDirectory(process.env)
  const reason = mistrust(directory)
  // Nothing in it is believed, and a server says so too: "no server runs" might not be true.
  if (reason !== null) {
    throw new HeddleError('HEDDLE_SOCKET_FAILED', { path: directory, reason: `the directory ${reason}` })
  }
  return runningServers(directory)
}

/** The name of a server: that of its directory, unless its configuration has another. */
export function nameOf({
  name,
  root
}: Pick<ServerFacts, 'root'> & Partial<Pick<ServerFacts, 'name'>>): string {
  // A server of an earlier version has not written one down.
  return name ?? basename(root)
}

function choose(
  running: readonly ServerFacts[],
  fits: (facts: ServerFacts) => boolean,
  wanted: string
): Server {
  const found = running.filter(fits)
  const [server] = found
  if (server !== undefined && found.length === 1) return server
  if (server === undefined) {
    throw new HeddleError('HEDDLE_NO_SERVER', { wanted, running: running.map(describeServer) })
  }
  throw new HeddleError('HEDDLE_SERVER_AMBIGUOUS', { wanted, running: found.map(describeServer) })
}

/** The path without symbolic links; as it is when there is nothing at it. */
function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    // Moved away while its server runs, for example by a deployment: then names are all there is to compare.
    return path
  }
}
