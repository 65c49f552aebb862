/**
 * The numbered slots of one application, made when they are needed first and kept for good: their books and their
 * zombies outlast a smaller number of workers.
 *
 * Main thread only. How many of them are in use is the business of `worker-pool.ts`.
 */
import assert from 'node:assert/strict'

import type { ResolvedApplication } from '../../config/resolved.ts'
import type { ThreadFact } from '../../events.ts'
import type { SlotRules } from './occupant.ts'
import type { WorkerSlot } from './slot-group.ts'
import { Slot } from './slot.ts'
import { Spares } from './spares.ts'
import type { Surroundings } from './surroundings.ts'
import type { Company, WorkerHandle } from './worker-handle.ts'
import { spawnWorker } from './worker-spawn.ts'

/** What the slots need of those who use them. */
export interface RowTerms {
  readonly company: Company
  /** The settings in force. */
  readonly settings: () => ResolvedApplication
  /** Those that workers are staged with; `null` when none are. */
  readonly nextSettings: () => ResolvedApplication | null
  /** Called when restarts fail too often, or no longer do. */
  readonly onCircuit: () => void
}

/** The slots of one application. */
export class SlotRow {
  readonly #surroundings: Surroundings
  readonly #terms: RowTerms
  readonly #slots: WorkerSlot[] = []

  constructor(surroundings: Surroundings, terms: RowTerms) {
    this.#surroundings = surroundings
    this.#terms = terms
  }

  /** All that were ever needed. */
  get all(): readonly WorkerSlot[] {
    return this.#slots
  }

  /** The first ones. */
  first(count: number): readonly WorkerSlot[] {
    while (this.#slots.length < count) this.#slots.push(this.#createSlot(this.#slots.length))
    return this.#slots.slice(0, count)
  }

  /** The one of that number. */
  at(index: number): WorkerSlot {
    const slot = this.first(index + 1)[index]
    assert.ok(slot)
    return slot
  }

  /** Those that keep workers ready for these slots. */
  createSpares(): Spares {
    const { clock, announce, chance, hasSpareRoom = () => true } = this.#surroundings
    const { id } = this.#terms.settings()
    return new Spares(id, {
      clock,
      announce,
      chance,
      rules: () => this.#rules(),
      hasRoom: () => hasSpareRoom(id),
      spawn: slot => this.#spawn(this.#terms.settings(), slot, true)
    })
  }

  #createSlot(index: number): WorkerSlot {
    const { clock, announce, chance } = this.#surroundings
    const { settings, nextSettings, onCircuit } = this.#terms
    return new Slot({
      fact: factOf(settings(), index),
      rules: () => this.#rules(),
      onCircuit,
      clock,
      announce,
      chance,
      spawn: held => this.#spawn((held ? nextSettings() : null) ?? settings(), index, held)
    })
  }

  #spawn(application: ResolvedApplication, slot: number, held: boolean): WorkerHandle {
    const { company } = this.#terms
    return spawnWorker(this.#surroundings, { application, fact: factOf(application, slot), held, company })
  }

  #rules(): SlotRules {
    const { restart, rollout } = this.#terms.settings()
    const { startTimeout: startTimeoutMs } = this.#surroundings.config
    return { restart, startTimeoutMs, drainTimeoutMs: rollout.drainTimeout }
  }
}

function factOf({ id }: ResolvedApplication, slot: number): ThreadFact {
  return { application: id, slot, worker: `${id}:${slot}` }
}
