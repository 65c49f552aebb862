/** Stand-ins for threads and for the mesh, which a test plays by hand. */

import { Registry } from '@heddle/mesh'
import type { Expectation } from '@heddle/mesh'

import type { ResolvedConfig } from '../../../src/config/resolved.ts'
import { Events } from '../../../src/events.ts'
import type { HeddleEvents } from '../../../src/events.ts'
import { noCounts } from '../../../src/main/supervisor/member-counts.ts'
import type { MeshMember, MeshSeats } from '../../../src/main/supervisor/mesh-seat.ts'
import type { Surroundings } from '../../../src/main/supervisor/surroundings.ts'
import type { ThreadListeners, ThreadPlan, ThreadStarter } from '../../../src/main/supervisor/thread.ts'
import { HeldClock } from '../../shared/held-clock.ts'

/** A thread without a thread: the test sends its messages and ends it. */
export class FakeThread {
  readonly plan: ThreadPlan
  readonly posted: { readonly type: string }[] = []
  /** Whether it ends at once when it is told to; a stuck one does not. */
  obeys = true
  hasEnded = false
  /** Called for each message that is posted to it. */
  onPosted: (message: { readonly type: string }) => void = () => {}
  readonly #listeners: { message(message: unknown): void; exit(code: number, error: Error | null): void }

  constructor(plan: ThreadPlan, listeners: FakeThread['listeners']) {
    this.plan = plan
    this.#listeners = listeners
  }

  get listeners(): { message(message: unknown): void; exit(code: number, error: Error | null): void } {
    return this.#listeners
  }

  say(message: unknown): void {
    this.#listeners.message(message)
  }

  becomeReady(): void {
    this.say({ type: 'ready', kind: 'fake', hasServer: true, port: null })
  }

  end(code: number, error: Error | null = null): void {
    if (this.hasEnded) return
    this.hasEnded = true
    this.#listeners.exit(code, error)
  }
}

/** One seat's history, as words. */
export interface FakeMember extends MeshMember {
  readonly history: string[]
  requests: number
  /** Whether senders choose it. */
  takesRequests(): boolean
  /** How many requests senders have counted as answered. */
  answered: number
}

/** A small server around one supervisor, with time held still and every event written down. */
export class Stage {
  readonly clock = new HeldClock()
  readonly threads: FakeThread[] = []
  readonly members: FakeMember[] = []
  readonly facts: [name: string, fact: object][] = []
  readonly surroundings: Surroundings
  /** Hostnames that requests may wait for. */
  readonly expected = new Map<string, Expectation>()
  /** Thrown by the next attempts to start a thread. */
  startErrors: Error[] = []
  /** Called for each thread that is started, with its seat. */
  onThread: (thread: FakeThread, member: FakeMember) => void = () => {}

  constructor(config: ResolvedConfig) {
    const events = new Events()
    const startThread: ThreadStarter = <Message>(plan: ThreadPlan, listeners: ThreadListeners<Message>) => {
      const error = this.startErrors.shift()
      if (error !== undefined) throw error
      const thread = new FakeThread(plan, listeners)
      this.threads.push(thread)
      const member = this.members.at(-1)
      if (member !== undefined) this.onThread(thread, member)
      return {
        worker: null,
        post: message => {
          thread.posted.push(message as { type: string })
          thread.onPosted(message as { type: string })
        },
        terminate: () => thread.obeys && queueMicrotask(() => thread.end(1)),
        eventLoopUtilization: () => ({ idle: 0, active: 0, utilization: 0 })
      }
    }
    this.surroundings = {
      config,
      seats: this.#seats(),
      files: {
        worker: new URL('file:///worker.ts'),
        edge: new URL('file:///edge.ts'),
        handoff: new URL('file:///handoff.ts'),
        execArgv: []
      },
      logs: {
        issue: () => ({ logger: { level: 'silent', format: 'json', colour: false }, gone: () => undefined })
      },
      clock: this.clock,
      announce: (name, fact) => {
        this.facts.push([name, fact])
        events.emit(name, fact)
      },
      startThread,
      chance: () => 0,
      publicPort: { number: config.server.port }
    }
  }

  /** The newest thread. */
  get thread(): FakeThread {
    const thread = this.threads.at(-1)
    if (thread === undefined) throw new Error('no thread was started')
    return thread
  }

  /** What was announced under one name. */
  heard<Name extends keyof HeddleEvents>(name: Name): readonly HeddleEvents[Name][] {
    return this.facts.filter(([each]) => each === name).map(([, fact]) => fact as HeddleEvents[Name])
  }

  #seats(): MeshSeats {
    return {
      expect: async (hostname, expectation) => void this.expected.set(hostname, expectation),
      forget: async hostname => void this.expected.delete(hostname),
      admit: () => {
        const member: FakeMember = {
          history: [],
          requests: 0,
          answered: 0,
          takesRequests: () => {
            const last = member.history.findLast(word => word !== 'drained')
            return last === 'published' || last === 'restored'
          },
          publish: async () => void member.history.push('published'),
          withdraw: async () => void member.history.push('withdrawn'),
          drained: async () => {
            member.history.push('drained')
            return member.requests === 0
          },
          eject: out => void member.history.push(out ? 'ejected' : 'restored'),
          inflight: () => member.requests,
          traffic: () => [],
          counts: () => ({
            ...noCounts,
            answered: [0, member.answered, 0, 0, 0]
          }),
          heartbeatAge: () => 0,
          remove: () => void (member.history.includes('removed') || member.history.push('removed'))
        }
        this.members.push(member)
        return { ticket: fakeTicket, transferList: [], member }
      }
    }
  }
}

// A real ticket, since its shape is the mesh's own business.
const registry = new Registry({ domain: '.test', capacity: 1 })
const { ticket: fakeTicket } = registry.admit({ name: 'fake', hostname: null })
registry.close()
