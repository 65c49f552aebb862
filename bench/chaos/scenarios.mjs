/**
 * What is done to the contenders while they are under load.
 *
 * Runs in the process of the benchmark. A scenario acts until its time is over and says how often it did.
 */

// oxlint-disable no-await-in-loop -- one event follows the other.

import { setTimeout as delay } from 'node:timers/promises'

/**
 * What a scenario may do: an operation of the contender, harm to whichever worker answers, new code, code that throws.
 * @typedef {{ isOver: () => boolean, operate: (name: string, workers?: number) => Promise<unknown>,
 *   harm: (kind: string, ms?: number) => Promise<void>, changeCode: () => void, breakCode: () => void }} Actor
 */

async function repeat(actor, turn) {
  let times = 0
  do {
    await turn(times)
    times++
  } while (!actor.isOver())
  return times
}

/** Harm each so many milliseconds, counted from one beginning to the next. */
function harmEvery(everyMs, kinds, ms) {
  return actor =>
    repeat(actor, async turn => {
      const pause = delay(everyMs)
      await actor.harm(kinds[turn % kinds.length], ms)
      await pause
    })
}

/**
 * The scenarios by id. `needs`: the operation without which it cannot be played. `hasDeaths`: workers die by
 * themselves, so that what had begun on them may be excused. `workers`: 4 when it is left out.
 * @type {Record<string, { title: string, needs?: string, workers?: number, hasDeaths: boolean,
 *   act: (actor: Actor) => Promise<number> }>}
 */
export const scenarios = {
  restart: {
    title: 'rolling restarts back to back',
    needs: 'restart',
    hasDeaths: false,
    act: actor => repeat(actor, () => actor.operate('restart'))
  },
  reload: {
    title: 'reload with changed code',
    needs: 'reload',
    hasDeaths: false,
    act: actor =>
      repeat(actor, async () => {
        actor.changeCode()
        await actor.operate('reload')
      })
  },
  broken: {
    title: 'reload with code that does not start',
    needs: 'refuse',
    hasDeaths: false,
    act: actor =>
      repeat(actor, async () => {
        actor.breakCode()
        await actor.operate('refuse')
        actor.changeCode()
      })
  },
  single: {
    title: 'the only worker is restarted',
    needs: 'restart',
    workers: 1,
    hasDeaths: false,
    act: actor => repeat(actor, () => actor.operate('restart'))
  },
  scale: {
    title: 'scale 4 → 1 → 4',
    needs: 'scale',
    hasDeaths: false,
    act: actor =>
      repeat(actor, async () => {
        await actor.operate('scale', 1)
        await actor.operate('scale', 4)
      })
  },
  hangup: {
    title: 'kill -HUP',
    needs: 'hangup',
    hasDeaths: false,
    act: actor =>
      repeat(actor, async () => {
        actor.changeCode()
        await actor.operate('hangup')
      })
  },
  crash: {
    title: 'one worker crashes every 2 s',
    hasDeaths: true,
    act: harmEvery(2000, ['throw', 'exit'])
  },
  block: { title: 'one worker blocked for 5 s', hasDeaths: false, act: harmEvery(7000, ['block'], 5000) },
  native: {
    title: 'one worker stuck in native code for 8 s',
    hasDeaths: false,
    act: harmEvery(10_000, ['native'], 8000)
  },
  alone: {
    title: 'the only worker crashes every 3 s',
    workers: 1,
    hasDeaths: true,
    act: harmEvery(3000, ['exit'])
  },
  heap: { title: 'one worker fills its heap', hasDeaths: true, act: harmEvery(8000, ['heap']) }
}
