/**
 * The load shapes the scaling rules are played against. Pure: numbers and functions of time.
 *
 * A shape: `seconds`, `cpus`, `memory` in bytes, `total` workers, and applications. An application: `workMs` of CPU
 * and `blockMs` of synchronous waiting a request takes on the average, `ioMs` it waits without a thread; `bootMs`
 * and `bootCpuMs` of a worker; `memory` of one; `targetMs`, the latency that was promised; `min`, `max`; and
 * `demand(second)`, the event loops that requests would keep busy if there were enough.
 */
import { createDice } from './dice.mjs'

const mebibyte = 1024 ** 2

const ordinary = {
  id: 'api',
  workMs: 8,
  blockMs: 0,
  ioMs: 0,
  bootMs: 800,
  bootCpuMs: 400,
  memory: 60 * mebibyte,
  targetMs: 100,
  min: 1,
  max: 8
}

const machine = { cpus: 8, memory: 16_384 * mebibyte, total: 8 }

function shapeOf(title, seconds, applications, rest = {}) {
  return {
    title,
    seconds,
    ...machine,
    ...rest,
    applications: applications.map(app => ({ ...ordinary, ...app }))
  }
}

function stepAt(begin, end, low, high) {
  return second => (second >= begin && second < end ? high : low)
}

function rampOf(low, high, { begin, top, leave, end }) {
  return second => {
    if (second <= begin || second >= end) return low
    if (second < top) return low + ((high - low) * (second - begin)) / (top - begin)
    return second < leave ? high : high - ((high - low) * (second - leave)) / (end - leave)
  }
}

// Spikes come at times nobody expects, but always at the same ones.
function spikeTrain(seconds) {
  const dice = createDice(20)
  const spikes = []
  for (let at = 60; at < seconds - 60; at += dice.between(50, 120)) {
    spikes.push({ at, end: at + dice.between(5, 20), high: dice.between(2, 5) })
  }
  return second => spikes.find(({ at, end }) => second >= at && second < end)?.high ?? 0.5
}

// A night, a morning, a dip at noon, an evening; as long as `period` seconds, with gusts of a minute.
function dayOf(period) {
  const dice = createDice(24)
  const gusts = Array.from({ length: Math.ceil(period / 60) + 1 }, () => dice.between(0.85, 1.15))
  return second => {
    const hour = ((second % period) / period) * 24
    const day = Math.max(0, Math.sin(((hour - 6) / 16) * Math.PI)) * (hour > 22 ? 0 : 1)
    const noon = Math.exp(-((hour - 13) ** 2) / 1.5)
    const gust = gusts[Math.floor((second % period) / 60)] ?? 1
    return Math.max(0.2, (5 * day - 1.2 * noon * day) * gust)
  }
}

function sawtooth(low, high, period) {
  return second => low + (high - low) * ((second % period) / period)
}

function wave(low, high, { period, phase }) {
  return second => low + ((high - low) * (1 + Math.sin(2 * Math.PI * (second / period + phase)))) / 2
}

/** The shapes by id. */
export const shapes = {
  step: shapeOf('step: 0.4 to 4 for five minutes', 660, [{ demand: stepAt(60, 360, 0.4, 4) }]),
  ramp: shapeOf('ramp: to 6 in five minutes and back', 780, [
    { demand: rampOf(0.3, 6, { begin: 30, top: 330, leave: 390, end: 690 }) }
  ]),
  spikes: shapeOf('spike train', 1200, [{ demand: spikeTrain(1200) }]),
  day: shapeOf('a day, in two hours', 7200, [{ workMs: 16, targetMs: 150, demand: dayOf(7200) }]),
  sawtooth: shapeOf('sawtooth at the threshold', 900, [{ demand: sawtooth(1.15, 1.65, 20) }]),
  'sawtooth-slow': shapeOf('slow sawtooth over the thresholds', 1200, [{ demand: sawtooth(0.5, 3.5, 150) }]),
  phases: shapeOf(
    'two applications out of phase, six workers',
    1200,
    [
      { id: 'front', demand: wave(0.2, 3.4, { period: 300, phase: 0 }), max: 6 },
      { id: 'back', demand: wave(0.2, 3.4, { period: 300, phase: 0.5 }), max: 6 }
    ],
    { total: 6 }
  ),
  hog: shapeOf(
    'a memory hog, 768 MB',
    660,
    [
      {
        demand: stepAt(60, 420, 0.4, 4),
        memory: 80 * mebibyte,
        memoryGrown: 170 * mebibyte,
        growthRequests: 4000
      }
    ],
    { memory: 768 * mebibyte }
  ),
  io: shapeOf('waits on IO: hundreds in flight', 600, [
    {
      workMs: 1,
      ioMs: 300,
      targetMs: 1500,
      demand: rampOf(0.1, 0.6, { begin: 60, top: 180, leave: 420, end: 540 })
    }
  ]),
  quota: shapeOf('more than two CPUs can do', 480, [{ demand: stepAt(60, 300, 0.4, 2.6) }], { cpus: 2 }),
  blocking: shapeOf(
    'waits synchronously, two CPUs',
    480,
    [{ workMs: 1, blockMs: 11, demand: stepAt(60, 300, 0.4, 4) }],
    { cpus: 2 }
  )
}

const waiting = {
  workMs: 0.5,
  blockMs: 11.5,
  // As measured: a worker of Heddle with a small application.
  bootMs: 200,
  bootCpuMs: 120,
  memory: 25 * mebibyte
}

/** Two short shapes that are played with real workers as well: `from` when the load comes, `enough` workers for it. */
export const realShapes = {
  step: {
    ...shapeOf('step: 0.4 to 3 for a minute', 150, [{ ...waiting, demand: stepAt(30, 90, 0.4, 3) }], {
      cpus: 2
    }),
    from: 30,
    enough: 4
  },
  spikes: {
    ...shapeOf(
      'three spikes of ten seconds to 3.5',
      150,
      [{ ...waiting, demand: second => (second >= 30 && second % 40 < 10 && second < 130 ? 3.5 : 0.4) }],
      { cpus: 2 }
    ),
    from: 40,
    enough: 5
  }
}

// A level after another, reached at once or slowly, with waves or gusts on some of them.
function randomDemand(dice, seconds, most) {
  const parts = []
  for (let at = 0, level = dice.scaled(0.1, most); at < seconds;) {
    const lasts = dice.scaled(8, 240)
    const next = dice.scaled(0.1, most)
    const from = dice.next() < 0.5 ? level : next
    parts.push({
      at,
      end: at + lasts,
      from,
      to: next,
      wave: dice.next() < 0.3 ? dice.between(0, 0.4) : 0,
      period: dice.between(4, 60)
    })
    at += lasts
    level = next
  }
  return second => {
    const part = parts.find(({ end }) => second < end)
    const level = part.from + ((part.to - part.from) * (second - part.at)) / (part.end - part.at)
    return Math.max(0.05, level * (1 + part.wave * Math.sin((2 * Math.PI * second) / part.period)))
  }
}

/**
 * A shape nobody has seen when the rule was made: machine, applications and load by chance.
 * @param {number} seed
 */
export function randomShape(seed) {
  const dice = createDice(seed * 7919)
  const seconds = 900
  const count = dice.oneOf([1, 1, 2, 3])
  const cpus = dice.whole(3, 10)
  const applications = Array.from({ length: count }, (_, index) => {
    const workMs = dice.scaled(2, 30)
    const ioMs = dice.next() < 0.4 ? dice.scaled(5, 200) : 0
    const bootMs = dice.scaled(150, 4000)
    return {
      id: `app-${index}`,
      workMs,
      ioMs,
      bootMs,
      bootCpuMs: bootMs * dice.between(0.3, 0.9),
      // What is promised leaves room for a request several times as long as the mean, and for some waiting.
      targetMs: 60 + 10 * workMs + 4 * ioMs,
      demand: randomDemand(dice, seconds, (cpus * 0.75) / count)
    }
  })
  return shapeOf(`random ${seed}`, seconds, applications, { cpus, total: cpus })
}
