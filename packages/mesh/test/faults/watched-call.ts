/**
 * One request as its caller lives it: what it does step by step, and the rules for what it
 * is told. A rule that is broken is noted: thrown, it would pass through the mesh first.
 */
import type { Exchange, ExchangeHandler, ResponseHead } from '../../src/client/exchange.ts'
import { LoadSheddingError, MeshError } from '../../src/errors.ts'
import type { Mesh } from '../../src/thread.ts'
import { bytesOf, fieldOf, kindOf, sizeOf } from '../../src/wire/body.ts'
import { BODY_MASK, MORE, UPGRADE, type BodyField } from '../../src/wire/frames.ts'
import { letterOf, pieceSizes } from './paper-applications.ts'

const streamed = pieceSizes.reduce((sum, size) => sum + size, 0)

/** Where a call is watched from. */
export interface Watch {
  /** The time its clock shows. */
  readonly nowMs: number
  /** Rules that were broken, in words. */
  readonly breaches: string[]
}

/** The thread it is made in. */
export interface CallingThread {
  readonly name: string
  readonly dead: boolean
}

/** What a request is. */
export interface CallPlan {
  readonly id: number
  readonly hostname: string
  /** Name of the handler; `upgrade` for a tunnel. */
  readonly path: string
  readonly method: string
  readonly idempotent: boolean
  readonly timeoutMs: number
  /** Lengths of the pieces it uploads; none for a request without a body. */
  readonly upload: readonly number[]
}

/** A request on its way. */
export class WatchedCall<Thread extends CallingThread> implements ExchangeHandler {
  readonly plan: CallPlan
  readonly thread: Thread
  readonly #watch: Watch
  readonly #exchange: Exchange
  #lastSignMs: number
  #uploaded = 0
  #piece = 0
  #ended: boolean
  #waits = false
  #headSeen = false
  #received = 0
  #unconsumed = 0
  /** What became of it, `null` while nothing has. */
  outcome: string | null = null
  /** Told whenever the upstream shows that it has begun, and with the outcome. */
  onSign: () => void = () => {}
  error: Error | null = null

  constructor(watch: Watch, thread: Thread, mesh: Mesh, plan: CallPlan) {
    this.#watch = watch
    this.plan = plan
    this.thread = thread
    const upgrade = plan.path === 'upgrade'
    const more = plan.upload.length > 0 || upgrade
    this.#ended = !more
    this.#lastSignMs = watch.nowMs
    this.#exchange = mesh.client.send(
      {
        hostname: plan.hostname,
        method: plan.method,
        path: `/${plan.path}`,
        headers: `host: ${plan.hostname}\r\nx-id: ${plan.id}\r\n`,
        flags: (more ? MORE : 0) | (upgrade ? UPGRADE : 0),
        body: null,
        peer: null,
        timeoutMs: plan.timeoutMs,
        idempotent: plan.idempotent,
        accept: null
      },
      this
    )
  }

  /** Whether the caller has something to do: to write, to end, to read. */
  get busy(): boolean {
    if (this.thread.dead) return false
    const over = this.outcome !== null && this.outcome !== 'answered'
    return this.#unconsumed > 0 || !(this.#ended || this.#waits || over)
  }

  /** Does the caller's next thing. */
  step(): void {
    if (this.#unconsumed > 0) {
      const bytes = this.#unconsumed
      this.#unconsumed = 0
      this.#exchange.consumed(bytes)
      return
    }
    this.#lastSignMs = this.#watch.nowMs
    const size = this.plan.upload[this.#piece++]
    if (size === undefined) {
      this.#ended = true
      this.#exchange.end()
      return
    }
    const piece = Buffer.alloc(size, letterOf(this.plan.id))
    this.#uploaded += size
    this.#waits = !this.#exchange.write(kindOf(piece), fieldOf(piece))
  }

  /** The caller loses interest. */
  abort(): void {
    if (this.thread.dead || (this.outcome !== null && this.outcome !== 'answered')) return
    this.#exchange.abort('the caller lost interest')
    this.#ended = true
    if (this.outcome === null) this.#settle('aborted')
  }

  onInformation(status: number): void {
    const early = !this.#headSeen && this.outcome === null
    this.#rule(early && status === 103, 'is informed too late')
    this.onSign()
  }

  onHead({ status, block, flags, body }: ResponseHead): void {
    this.#rule(!this.#headSeen && this.outcome === null, 'gets two heads')
    this.#headSeen = true
    const own = status === 200 && block.includes(`x-id: ${this.plan.id}\r\n`)
    this.#rule(own, "gets another's answer")
    this.#take(flags & BODY_MASK, body)
    this.onSign()
    if ((flags & MORE) === 0) this.#complete()
  }

  onData(flags: number, body: BodyField): void {
    this.#rule(this.#headSeen || this.plan.path === 'upgrade', 'gets a body before its head')
    this.#rule(this.outcome === null, 'gets a body after its end')
    this.#headSeen = true
    this.#take(flags & BODY_MASK, body)
    this.#unconsumed += sizeOf(flags, body)
    this.onSign()
  }

  onEnd(): void {
    this.#rule(this.#headSeen, 'ends without a head')
    this.#complete()
  }

  onWritable(): void {
    this.#waits = false
  }

  onError(error: Error): void {
    this.error = error
    const named = error instanceof MeshError || error instanceof LoadSheddingError
    this.#settle(named ? error.code : String(error.stack))
    this.#rule(named, 'fails without a code')
    if (!named || error.code !== 'MESH_TIMEOUT') return
    const { timeoutMs } = this.plan
    const waited = this.#watch.nowMs - this.#lastSignMs
    this.#rule(timeoutMs > 0 && waited >= timeoutMs, `timed out after ${waited} ms`)
  }

  /** Checks that a deadline has not been overlooked for longer than the sweep and one step of time take. */
  checkDeadline(graceMs: number): void {
    const { timeoutMs } = this.plan
    // Only the plain callers never stand still themselves.
    const punctual = this.thread.name.startsWith('caller') && !this.thread.dead
    if (!punctual || this.outcome !== null || timeoutMs === 0 || this.#headSeen || !this.#ended) return
    const waited = this.#watch.nowMs - this.#lastSignMs
    this.#rule(waited <= timeoutMs + graceMs, `waits for ${waited} ms without an outcome`)
  }

  #rule(kept: boolean, breach: string): void {
    if (!kept) this.#watch.breaches.push(`Request ${JSON.stringify(this.plan)} ${breach}`)
  }

  #take(kind: number, body: BodyField): void {
    if (body === null) return
    const bytes = bytesOf(kind, body)
    this.#received += bytes.length
    if (!['stream', 'echo'].includes(this.plan.path)) return
    this.#rule(bytes.equals(Buffer.alloc(bytes.length, letterOf(this.plan.id))), "gets another's body")
  }

  #complete(): void {
    const { path } = this.plan
    const whole = path === 'stream' ? streamed : path === 'echo' ? this.#uploaded : this.#received
    this.#rule(this.#received === whole, `gets ${this.#received} bytes of ${whole}`)
    this.#settle('answered')
  }

  #settle(outcome: string): void {
    this.#rule(this.outcome === null, `has two outcomes: ${this.outcome} and ${outcome}`)
    this.outcome = outcome
    this.onSign()
  }
}
