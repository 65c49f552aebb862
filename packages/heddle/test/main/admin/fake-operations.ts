/** Operations that write down what they were asked for, and fail when they are told to. */
import { Readable } from 'node:stream'

import type { Operations } from '../../../src/main/admin/operations.ts'
import type { StatusReport } from '../../../src/main/admin/report.ts'

/** Operations of no server at all. */
export interface FakeOperations extends Operations {
  /** What was asked for: name and arguments. */
  readonly calls: readonly (readonly unknown[])[]
  /** What the next operation does instead of succeeding. */
  next: (() => Promise<void>) | null
  /** The next heap snapshot. */
  document: () => Readable
  /** The body of the next answer to a request that is injected. */
  injected: Uint8Array
}

/** Operations of a server whose status is that report. */
export function fakeOperations(report: StatusReport): FakeOperations {
  const calls: unknown[][] = []
  const note =
    (name: string) =>
    async (...values: readonly unknown[]): Promise<void> => {
      calls.push([name, ...values])
      const { next } = fake
      fake.next = null
      await next?.()
    }
  const fake: FakeOperations = {
    calls,
    next: null,
    document: () => Readable.from(['{"snapshot":', '{}}']),
    injected: new TextEncoder().encode('hello'),
    status: () => report,
    config: () => ({ root: '/srv/shop' }),
    metrics: async filter => {
      await note('metrics')(filter)
      return 'heddle_up 1\n'
    },
    inject: async (id, request) => {
      await note('inject')(id, request)
      return {
        status: 200,
        headers: [['content-type', 'text/plain']],
        body: fake.injected,
        complete: true,
        durationMs: 1,
        worker: 'web:0'
      }
    },
    profile: async (id, slot, options) => {
      await note('profile')(id, slot, options)
      return '{"nodes":[]}'
    },
    heapSnapshot: async (id, slot) => {
      await note('heapSnapshot')(id, slot)
      return fake.document()
    },
    inspect: async (id, slot, port) => {
      await note('inspect')(id, slot, port)
      return { url: 'ws://127.0.0.1:9229/x', port: 9229, devtoolsUrl: 'devtools://devtools' }
    },
    ...plainOperations(note),
    reload: async reason => {
      await note('reload')(reason)
      return { changes: ['routes: changed'], warnings: [], reloadMs: 12 }
    },
    stop: reason => {
      void note('stop')(reason)
      return { pid: 4711, endsProcess: true, withinMs: 100 }
    }
  }
  return fake
}

type Note = (name: string) => (...values: readonly unknown[]) => Promise<void>

/** Those that say nothing but that they are done. */
function plainOperations(note: Note) {
  return {
    restart: note('restart'),
    addApplication: note('addApplication'),
    removeApplication: note('removeApplication'),
    startApplication: note('startApplication'),
    stopApplication: note('stopApplication'),
    scale: note('scale'),
    setLogLevel: note('setLogLevel'),
    restartWorker: note('restartWorker'),
    drainWorker: note('drainWorker'),
    readyWorker: note('readyWorker'),
    closeInspector: note('closeInspector')
  } satisfies Partial<Operations>
}
