/**
 * What is promised of chaos, as targets. Pure.
 */

const ours = ['heddle-edge', 'heddle-handoff']
const slowerAllowed = 2

function total(row, key) {
  const played = Object.values(row.scenarios)
  if (played.some(figures => figures === null || figures.error !== undefined)) return null
  return played.reduce((sum, figures) => sum + figures[key], 0)
}

// An edge has the connections itself: with it none may be severed.
function lost(id, row) {
  const failed = total(row, 'failed')
  return id === 'heddle-edge' && failed !== null ? failed + total(row, 'severed') : failed
}

/**
 * @param {(question: string, limit: object, value: number | null, unit: string) => object} target
 * @param {object} result of `chaos`
 */
export function chaosTargets(target, { contenders }) {
  return ours.flatMap(id => {
    const row = contenders[id]
    if (row === undefined) return []
    const restart = row.scenarios.restart
    const slower = restart?.event ? restart.event.p99Ms / restart.steady.p99Ms : null
    return [
      target(`${row.title}: failed requests, all scenarios`, { atMost: 0 }, lost(id, row), ''),
      target(`${row.title}: POSTs that ran twice`, { atMost: 0 }, total(row, 'duplicates'), ''),
      target(`${row.title}: p99 in a rolling restart ÷ steady`, { atMost: slowerAllowed }, slower, '×')
    ]
  })
}

const limits = {
  ejectionMs: ['from a block to the ejection', 1000, 'ms'],
  replacementRatio: ['from a crash to a ready replacement ÷ own boot', 1.5, '×'],
  idleStopMs: ['stop with everything idle', 200, 'ms'],
  blockedProbeMs: ['slowest probe with every worker stuck', 10, 'ms'],
  blockedStatusMs: ['slowest status with every worker stuck', 10, 'ms']
}

/** The same of `chaos-times`. The worst round counts, not the middle one. */
export function chaosTimesTargets(target, { contenders, stopTimeoutMs }) {
  const all = {
    ...limits,
    // The deadline, and the moment it takes to see that the process has gone.
    blockedStopMs: ['SIGTERM to the end with every worker stuck', stopTimeoutMs + 100, 'ms']
  }
  const rows = ours.flatMap(id => contenders[id] ?? [])
  return rows.flatMap(row =>
    Object.entries(all).map(([name, [question, atMost, unit]]) =>
      target(`${row.title}: ${question}`, { atMost }, row.figures[name]?.max ?? null, unit)
    )
  )
}
