/**
 * Sets up what the edge's tests need: a real edge thread with a public port, and real worker threads
 * behind it. Main thread of a test; it plays the coordinator and decides nothing on a request's way.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

import { Registry, type Member, type RegistryOptions } from '@heddle/mesh'

import { createEdgeCounts, readEdgeCounts, type EdgeCounts } from '../../src/channel/edge-counts.ts'
import type { EdgeBoot, EdgeSettings, FromEdge, ToEdge } from '../../src/channel/messages.ts'
import type { ResolvedRoute, ResolvedServer } from '../../src/config/resolved.ts'
import type { ApplicationData, Sighting } from './application.ts'

/** Settings of the public server that limit nothing a test does by chance. */
export const generous: ResolvedServer = {
  port: 0,
  hostname: '127.0.0.1',
  mode: 'edge',
  threads: 1,
  backlog: 511,
  trustProxy: [],
  headersTimeout: 10_000,
  bodyTimeout: 30_000,
  keepAliveTimeout: 30_000,
  requestTimeout: 30_000,
  clientTimeout: 30_000,
  tunnelTimeout: 30_000,
  maxRequestsPerSocket: 0,
  maxHeaderSize: 16_384,
  maxHeadersCount: 100,
  maxUrlSize: 8_192,
  maxBodySize: 256 * 1024 * 1024,
  maxConnections: 0,
  accessLog: 'off'
}

/** What a test asks for. */
export interface StageOptions {
  readonly server?: Partial<ResolvedServer>
  readonly routes?: readonly ResolvedRoute[]
  /** @default 'api' */
  readonly entrypoint?: string | null
  /** Worker threads by application. @default { api: 1 } */
  readonly workers?: Readonly<Record<string, number>>
  /** How the edge writes its lines. @default silent */
  readonly logger?: EdgeBoot['logger']
  /** Of the mesh. */
  readonly mesh?: Partial<RegistryOptions>
}

/** One worker thread. */
export interface StageWorker {
  readonly thread: Worker
  readonly member: Member
  /** Lets the request go that blocks in it, or is about to. */
  readonly unblock: () => void
}

/** An edge and what is behind it. */
export class Stage {
  readonly port: number
  readonly registry: Registry
  readonly workers: readonly StageWorker[]
  readonly edge: Worker
  readonly #counts: SharedArrayBuffer
  readonly #sightings: Sighting[]
  readonly #waiting = new Set<() => void>()

  constructor(parts: {
    port: number
    registry: Registry
    workers: readonly StageWorker[]
    edge: Worker
    counts: SharedArrayBuffer
    sightings: Sighting[]
  }) {
    this.port = parts.port
    this.registry = parts.registry
    this.workers = parts.workers
    this.edge = parts.edge
    this.#counts = parts.counts
    this.#sightings = parts.sightings
    for (const { thread } of parts.workers) {
      thread.on('message', () => {
        for (const look of this.#waiting) look()
      })
    }
  }

  /** The worker of that name, such as `api:0`. */
  worker(name: string): StageWorker {
    const found = this.workers.find(({ member }) => member.name === name)
    if (found === undefined) throw new Error(`no worker ${name} on this stage`)
    return found
  }

  /** What handlers have told so far about one request target. */
  sightings(url: string, what: Sighting['what']): readonly Sighting[] {
    return this.#sightings.filter(sighting => sighting.url === url && sighting.what === what)
  }

  /**
   * Resolves with the first thing of that kind a handler tells about a request target. What has happened can be told
   * after the answer has come: the handler is on another thread than the edge.
   */
  async sighting(url: string, what: Sighting['what']): Promise<Sighting> {
    const [first] = await this.seen(url, what, 1)
    if (first === undefined) throw new Error('seen() resolves with so many at least')
    return first
  }

  /** The same with so many, and those that came with them. */
  seen(url: string, what: Sighting['what'], times: number): Promise<readonly Sighting[]> {
    return new Promise(resolve => {
      const look = (): void => {
        const found = this.sightings(url, what)
        if (found.length < times) return
        this.#waiting.delete(look)
        resolve(found)
      }
      this.#waiting.add(look)
      look()
    })
  }

  /**
   * Resolves when everything has been seen that workers had told when it was called. Whether a request has begun is
   * settled when it is answered; that it has can be known later than the answer, and that it has not only by this.
   */
  async told(): Promise<void> {
    await Promise.all(this.workers.map(({ thread }) => answers(thread)))
  }

  /** Puts settings in force, and resolves when they are: what it was told before, the edge has done then as well. */
  async configure(
    settings: Partial<Omit<EdgeSettings, 'server'>> & { server?: Partial<ResolvedServer> }
  ): Promise<void> {
    const configured = this.hears('configured')
    const server = { ...generous, ...settings.server }
    this.tell({ type: 'configure', settings: { routes: [], entrypoint: 'api', ...settings, server } })
    await configured
  }

  /** Tells the edge something. */
  tell(message: ToEdge): void {
    this.edge.postMessage(message)
  }

  /** Resolves when the edge says that; rejects when its thread fails first. */
  async hears(type: FromEdge['type']): Promise<FromEdge> {
    for (;;) {
      const [message] = (await once(this.edge, 'message')) as [FromEdge]
      if (message.type === type) return message
    }
  }

  /** What the edge has counted so far. */
  counts(): EdgeCounts {
    return readEdgeCounts(this.#counts)
  }

  /** Requests in flight over all workers. */
  inflight(): number {
    return this.workers.reduce((sum, { member }) => sum + member.inflight(), 0)
  }

  /** Resolves when nothing is in flight to any worker; rejects with who still has something after a minute. */
  async settled(): Promise<void> {
    for (const { member } of this.workers) {
      if (await member.drained(60_000)) continue
      throw new Error(`${member.name} still has ${member.inflight()} requests in flight`)
    }
  }

  /** Ends every thread. */
  async close(): Promise<void> {
    this.registry.close()
    await Promise.all([this.edge, ...this.workers.map(({ thread }) => thread)].map(it => it.terminate()))
  }
}

/** Starts the threads and opens the public port. */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const registry = new Registry({ domain: '.heddle.local', ...options.mesh })
  const sightings: Sighting[] = []
  const workers: StageWorker[] = []
  for (const [application, count] of Object.entries(options.workers ?? { api: 1 })) {
    for (let slot = 0; slot < count; slot++) {
      workers.push(startWorker(registry, { name: `${application}:${slot}`, hostname: application }))
    }
  }
  for (const { thread } of workers) {
    thread.on('message', (message: Sighting | 'here') => {
      if (message !== 'here') sightings.push(message)
    })
  }
  await Promise.all(workers.map(({ thread }) => once(thread, 'message')))
  for (const { member } of workers) await member.publish()
  const { edge, port, counts } = await startEdge(registry, options)
  return new Stage({ port, registry, workers, edge, counts, sightings })
}

/** Resolves when the worker has answered, or has ended. */
function answers(thread: Worker): Promise<void> {
  return new Promise(resolve => {
    thread.on('message', function hear(message: Sighting | 'here') {
      if (message !== 'here') return
      thread.off('message', hear)
      resolve()
    })
    thread.once('exit', () => resolve())
    thread.postMessage('here?')
  })
}

function startWorker(registry: Registry, identity: { name: string; hostname: string }): StageWorker {
  const { ticket, transferList, member } = registry.admit(identity)
  const gate = new SharedArrayBuffer(4)
  const data: ApplicationData = { ticket, upgrades: identity.hostname !== 'plain', gate }
  const thread = new Worker(new URL('application.ts', import.meta.url), {
    name: identity.name,
    workerData: data,
    transferList: [...transferList],
    execArgv: ['--conditions=@heddle/source', '--disable-warning=ExperimentalWarning']
  })
  thread.once('exit', () => member.remove())
  const unblock = (): void => {
    Atomics.store(new Int32Array(gate), 0, 1)
    Atomics.notify(new Int32Array(gate), 0)
  }
  return { thread, member, unblock }
}

async function startEdge(
  registry: Registry,
  options: StageOptions
): Promise<{ edge: Worker; port: number; counts: SharedArrayBuffer }> {
  const counts = createEdgeCounts()
  const { ticket, transferList } = registry.admit({ name: 'edge:0', hostname: null })
  const boot: EdgeBoot = {
    index: 0,
    name: 'edge:0',
    ticket,
    server: { ...generous, ...options.server },
    routes: options.routes ?? [],
    entrypoint: options.entrypoint === undefined ? 'api' : options.entrypoint,
    reusePort: false,
    logger: options.logger ?? { level: 'silent', format: 'json', colour: false },
    counts
  }
  const edge = new Worker(new URL('../../src/edge/boot.ts', import.meta.url), {
    name: 'edge:0',
    workerData: boot,
    transferList: [...transferList],
    execArgv: ['--conditions=@heddle/source', '--disable-warning=ExperimentalWarning']
  })
  await once(edge, 'message')
  edge.postMessage({ type: 'listen', port: 0 } satisfies ToEdge)
  const [answer] = (await once(edge, 'message')) as [FromEdge]
  if (answer.type !== 'listening') throw new Error(`the edge answered ${answer.type} instead of listening`)
  return { edge, port: answer.port, counts }
}
