/**
 * What is promised of scaling, as targets. Pure.
 *
 * Where no number of workers helps (a quota that is used up, memory that holds no more, time spent on IO) lateness is
 * not the rule's to mend: there it is held to the worker-seconds alone.
 */
const helpless = new Set(['io', 'quota', 'hog'])
const lateAllowed = 0.5
const changesAMinute = 2

function ratioOf(rules, key) {
  const { heddle, watt } = rules
  if (heddle === undefined || watt === undefined) return null
  return watt[key] === 0 ? null : heddle[key] / watt[key]
}

function sumOf(shapes) {
  const rules = {}
  for (const shape of shapes) {
    for (const [rule, { workerSeconds, lateSeconds }] of Object.entries(shape.rules)) {
      const sum = (rules[rule] ??= { workerSeconds: 0, lateSeconds: 0 })
      sum.workerSeconds += workerSeconds
      sum.lateSeconds += lateSeconds
    }
  }
  return rules
}

/**
 * @param {(question: string, limit: object, value: number | null, unit: string) => object} target
 * @param {object} result of `scaling`
 */
export function scalingTargets(target, { shapes, random }) {
  const late = (title, rules) =>
    target(
      `late seconds ÷ Watt's rule, ${title}`,
      { atMost: lateAllowed },
      ratioOf(rules, 'lateSeconds'),
      '×'
    )
  const used = (title, rules) =>
    target(`worker-seconds ÷ Watt's rule, ${title}`, { atMost: 1 }, ratioOf(rules, 'workerSeconds'), '×')
  const all = sumOf(Object.values(shapes))
  const rows = [late('all shapes', all), used('all shapes', all)]
  for (const [id, { title, rules }] of Object.entries(shapes)) {
    if (!helpless.has(id)) rows.push(late(title, rules))
    rows.push(used(title, rules))
  }
  for (const id of ['sawtooth', 'sawtooth-slow']) {
    const shape = shapes[id]
    if (shape?.rules.heddle === undefined) continue
    const perMinute = shape.rules.heddle.changes / (shape.seconds / 60)
    rows.push(target(`changes a minute, ${shape.title}`, { atMost: changesAMinute }, perMinute, 'a minute'))
  }
  if (random !== null) rows.push(late('random shapes', random.rules), used('random shapes', random.rules))
  return rows
}
