/**
 * Programs that fork themselves with node:cluster: the thread of such a program is one of the workers it means to fork, so
 * that its worker branch runs, which listens. Forked processes would be out of reach, and fight over the port.
 *
 * Runs in worker threads, installed by `boot.ts`; it loads node:cluster in those alone whose application asks for it. It
 * never forks, and changes nothing for programs that only ask who they are: there node's answer stands.
 */
import { readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { Server } from 'node:net'
import { fileURLToPath } from 'node:url'

/** Whom it concerns and who is told. */
export interface ClusterSurroundings {
  /** Number of this worker, from 0. */
  readonly slot: number
  /** Says something to whoever runs the server. */
  readonly warn: (message: string) => void
  /** The application wants this worker to finish what it has and to be replaced. */
  readonly giveUp: (reason: Error) => void
}

/** Where the ways out are written down. */
const page = 'docs/from-cluster.md'

const comments = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm

/** Packages that fork the program they are called by; others may know how to without being asked. */
const forkers = /\/node_modules\/throng\//

/**
 * Whether a module that imports node:cluster forks the program it belongs to, judged by its text. One that names another
 * file to be forked is a program of its own beside it; one that imports child_process may mean that.
 */
export function forksItself(source: string): boolean {
  const code = source.replaceAll(comments, '')
  if (/\bsetup(?:Primary|Master)\s*\(\s*\{[^}]*\bexec\b/.test(code)) return false
  if (!code.includes('child_process')) return /\bfork\b/.test(code)
  return /\bcluster\w*(?:\.default)?\s*\??\.\s*fork\b/i.test(code)
}

/**
 * Begins to look at who asks for node:cluster.
 *
 * @returns Is to be called for each module that does, by its URL, before its code runs.
 */
export function meetCluster(surroundings: ClusterSurroundings): (module: string | undefined) => void {
  let role: 'unknown' | 'as node says' | 'worker' = 'unknown'
  return module => {
    if (role === 'worker') return
    if (isForking(module)) {
      role = 'worker'
      becomeWorker(surroundings)
      if (surroundings.slot === 0) {
        surroundings.warn(
          'The application forks itself (node:cluster): each of its workers runs as a cluster worker here. ' +
            `What its primary does beside forking is not done; see ${page}.`
        )
      }
    } else if (role === 'unknown') {
      role = 'as node says'
      watchForks(surroundings)
    }
  }
}

function isForking(module: string | undefined): boolean {
  if (module === undefined || !module.startsWith('file:')) return false
  if (module.includes('/node_modules/')) return forkers.test(module)
  try {
    return forksItself(readFileSync(fileURLToPath(module), 'utf8'))
  } catch {
    // What cannot be read is loaded by somebody who knows more; its forks are told of.
    return false
  }
}

/** The module as it is in a process that nobody has forked: its parts that are changed here. */
type Cluster = Record<string, unknown> & { readonly Worker: new (options: object) => ClusterWorker }

/** What an application calls `cluster.worker`. */
type ClusterWorker = NodeJS.EventEmitter & Record<string, unknown>

function loadCluster(): Cluster {
  return process.getBuiltinModule('node:cluster') as unknown as Cluster
}

/** Node's own object, so that whoever has it already sees it as well. */
function becomeWorker(surroundings: ClusterSurroundings): void {
  const cluster = loadCluster()
  for (const name of ['fork', 'disconnect', 'setupPrimary', 'setupMaster', 'settings', 'workers']) {
    Reflect.deleteProperty(cluster, name)
  }
  const worker = presentWorker(cluster, surroundings)
  Object.assign(cluster, { isPrimary: false, isMaster: false, isWorker: true, worker })
  // Asked by node for servers that open a port beside the application's: they open it here.
  cluster['_getServer'] = listenHere
  bindHere()
  syncBuiltinESMExports()
}

function exit(): void {
  process.exit(0)
}

function presentWorker(cluster: Cluster, surroundings: ClusterSurroundings): ClusterWorker {
  const { slot, warn, giveUp } = surroundings
  let isConnected = true
  let isWarned = false
  const disconnect = (): ClusterWorker => {
    if (!isConnected) return worker
    isConnected = false
    worker['exitedAfterDisconnect'] = true
    process.connected = false
    giveUp(new Error('The application called cluster.worker.disconnect().'))
    return worker
  }
  const send = (message: unknown, ...rest: unknown[]): boolean => {
    const done = rest.at(-1)
    if (!isWarned) {
      isWarned = true
      warn(`What the application sends to its primary (${describe(message)}) reaches nobody; see ${page}.`)
    }
    if (typeof done === 'function') process.nextTick(done, null)
    return true
  }
  const worker = new cluster.Worker({ id: slot + 1, state: 'online', process })
  Object.assign(worker, {
    ...{ disconnect, send, kill: exit, destroy: exit },
    isConnected: () => isConnected,
    isDead: () => false
  })
  // A process that was forked has these; `process.channel` is left out, since nobody could do anything with it.
  Object.assign(process, { send, connected: true, disconnect })
  return worker
}

/** What kind of message it is, as far as senders say so. */
function describe(message: unknown): string {
  if (typeof message === 'string') return JSON.stringify(message.slice(0, 40))
  if (typeof message !== 'object' || message === null) return typeof message
  for (const key of ['topic', 'type', 'cmd', 'action', 'event']) {
    const value: unknown = Reflect.get(message, key)
    if (typeof value === 'string') return `${key} ${JSON.stringify(value.slice(0, 40))}`
  }
  return 'an object'
}

/** What node would have asked the primary for. */
interface ServerQuery {
  readonly address: string | null
  readonly port: number | null
  readonly addressType: number | null
  readonly backlog: number | undefined
  readonly fd: number | undefined
  readonly flags: number | undefined
}

/** Opens a port as node does where nothing is forked. */
function listenHere(server: unknown, query: ServerQuery): void {
  if (!(server instanceof Server)) throw new TypeError('Only servers of node:net are expected here.')
  const { address, port, addressType, backlog, fd, flags } = query
  const listen = Reflect.get(server, '_listen2') as (...args: unknown[]) => void
  Reflect.apply(listen, server, [address, port, addressType, backlog, fd, flags])
}

/** UDP sockets are bound by this thread as well, without node asking for it. */
function bindHere(): void {
  const { Socket } = process.getBuiltinModule('node:dgram')
  const bind = Reflect.get(Socket.prototype, 'bind') as (...args: unknown[]) => unknown
  Reflect.set(Socket.prototype, 'bind', function (this: unknown, ...args: unknown[]): unknown {
    const [first, ...rest] = args
    const callback = args.at(-1)
    if (typeof first === 'object' && first !== null) {
      const isHandle = 'recvStart' in first
      return Reflect.apply(bind, this, isHandle ? args : [{ ...first, exclusive: true }, ...rest])
    }
    const address = typeof rest[0] === 'string' ? rest[0] : undefined
    const options = { port: typeof first === 'function' ? undefined : first, address, exclusive: true }
    return Reflect.apply(bind, this, typeof callback === 'function' ? [options, callback] : [options])
  })
}

/** Nobody could tell from its text that it forks: it does, as node lets it, and somebody hears why nothing answers. */
function watchForks({ warn }: ClusterSurroundings): void {
  const cluster = loadCluster()
  const fork = cluster['fork'] as (...args: unknown[]) => unknown
  let isWarned = false
  cluster['fork'] = function (this: unknown, ...args: unknown[]): unknown {
    if (!isWarned) {
      isWarned = true
      warn(
        'The application starts processes with cluster.fork(): Heddle knows nothing of them, and what listens in them ' +
          `gets no requests from it. Let the file that listens be the entry; see ${page}.`
      )
    }
    return Reflect.apply(fork, this, args)
  }
  syncBuiltinESMExports()
}
