/**
 * Starts real worker threads on the boot file, as the main thread would, and listens to what they say.
 *
 * Runs in the thread of the tests. Everything it starts is ended when the test is over.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

import { Registry } from '@heddle/mesh'
import type { Member, MeshTicket } from '@heddle/mesh'

import type { FromWorker, ToWorker, WorkerBoot } from '../../src/channel/messages.ts'
import { createVitals } from '../../src/channel/vitals.ts'
import { bareEnv } from '../bare-env.ts'

const bootFile = new URL('../../src/worker/boot.ts', import.meta.url)
const applications = new URL('../fixtures/applications/', import.meta.url)

/** Absolute path of a file of the applications made for tests. */
export function fixture(path: string): string {
  return fileURLToPath(new URL(path, applications))
}

/** A worker as these tests see it. */
export interface Running {
  readonly worker: Worker
  readonly member: Member
  readonly ticket: MeshTicket
  /** The next message of that type, or the first one that has come already and was not taken. */
  next<Type extends FromWorker['type']>(type: Type): Promise<Extract<FromWorker, { type: Type }>>
  /** Resolves with the exit code. */
  readonly exited: Promise<number>
  /** Errors that ended the thread. */
  readonly errors: unknown[]
  tell(message: ToWorker): void
}

/** What a test may choose. */
export interface StartOptions {
  readonly boot?: Partial<WorkerBoot>
  readonly registry?: Registry
  /** Label in the mesh. `application` unless told. */
  readonly hostname?: string
  /** Name in the mesh. `application:0` unless told. */
  readonly name?: string
  readonly env?: Record<string, string>
}

/** Starts a worker on a fixture such as `listener-esm/app.mjs`. */
export function startWorker(t: TestContext, entry: string, options: StartOptions = {}): Running {
  const registry = options.registry ?? new Registry({ domain: '.heddle.local' })
  const { name = 'application:0', hostname = 'application' } = options
  const admission = registry.admit({ name, hostname })
  const boot: WorkerBoot = {
    application: 'application',
    slot: 0,
    name: 'application:0',
    workers: 1,
    path: fixture('.'),
    entry: fixture(entry),
    preload: [],
    meshDomain: '.heddle.local',
    ticket: admission.ticket,
    logger: { level: 'silent', format: 'json', colour: false },
    listen: null,
    publicUrl: null,
    vitals: createVitals(),
    checks: { intervalMs: 60_000, timeoutMs: 5000, path: null },
    metrics: true,
    ...options.boot
  }
  const worker = new Worker(bootFile, {
    workerData: boot,
    transferList: [...admission.transferList],
    env: { ...bareEnv, ...options.env }
  })
  const errors: unknown[] = []
  const { promise: exited, resolve } = Promise.withResolvers<number>()
  worker.on('error', error => errors.push(error))
  worker.on('exit', code => {
    admission.member.remove()
    resolve(code)
  })
  t.after(async () => {
    await worker.terminate()
    if (options.registry === undefined) registry.close()
  })
  const { member, ticket } = admission
  return {
    worker,
    member,
    ticket,
    errors,
    exited,
    next: inbox(worker),
    tell: message => worker.postMessage(message)
  }
}

/** Has workers write what they warn of into a file. */
export function logIn(t: TestContext): { readonly boot: Pick<WorkerBoot, 'logger'>; warnings(): string[] } {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-worker-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'log')
  return {
    boot: { logger: { level: 'warn', format: 'json', colour: false, stdout: false, file } },
    warnings: () => {
      const lines = readFileSync(file, 'utf8')
        .split('\n')
        .filter(line => line !== '')
      return lines.map(line => (JSON.parse(line) as { msg: string }).msg)
    }
  }
}

function noop(): void {}

function inbox(worker: Worker): Running['next'] {
  const waiting: FromWorker[] = []
  let ended = false
  let wake = noop
  worker.on('message', (message: FromWorker) => {
    waiting.push(message)
    wake()
  })
  worker.on('exit', () => {
    ended = true
    wake()
  })
  return async <Type extends FromWorker['type']>(type: Type) => {
    type Wanted = Extract<FromWorker, { type: Type }>
    for (;;) {
      const found = waiting.find((message): message is Wanted => message.type === type)
      if (found !== undefined) {
        waiting.splice(waiting.indexOf(found), 1)
        return found
      }
      if (ended) throw new Error(`The worker ended before it said ${type}: ${JSON.stringify(waiting)}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      wake = resolve
      // oxlint-disable-next-line no-await-in-loop -- Messages come one after another.
      await promise
    }
  }
}

/** The settings of a worker that opens a port of its own, on which a test can reach it. */
export const direct: Pick<WorkerBoot, 'listen'> = { listen: { hostname: '127.0.0.1', port: 0, backlog: 511 } }

/** Waits for `ready` in direct mode and returns the URL it answers at. */
export async function readyUrl(running: Running): Promise<string> {
  const { port } = await running.next('ready')
  return `http://127.0.0.1:${port}`
}
