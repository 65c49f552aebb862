/**
 * From what the driver saw and what the workers wrote down to the figures of one scenario. Pure.
 *
 * A request is `failed`, or it is `excused`: it had begun on a worker that died, and nobody could have saved it.
 * Excuses exist only in scenarios in which workers die by themselves, and each has its proof: a POST was
 * answered 502 and is in the records of a worker; a stream or a WebSocket had begun to answer. `severed` are
 * those whose connection belonged to a worker that died, where workers have connections of their own: nobody was
 * left who could have answered. A new connection counts as a worker's only when the worker had begun the request.
 */

const posts = new Set(['post', 'upload'])

/** How often each id was begun, from the lines the workers wrote. */
export function countBegun(lines) {
  const begun = new Map()
  for (const id of lines) begun.set(id, (begun.get(id) ?? 0) + 1)
  return begun
}

/** Whether nobody could have saved this one, when workers die by themselves. */
export function isExcused({ type, kind }, timesBegun) {
  if (posts.has(type)) return kind === '502' && timesBegun > 0
  if (type === 'stream') return kind === 'truncated'
  return type === 'socket' && kind === 'cut'
}

const cuts = new Set(['closed', 'truncated', 'ECONNRESET'])

/** Whether its connection died with the worker it belonged to, when workers die by themselves. */
export function isSevered({ kind, fresh }, timesBegun) {
  return cuts.has(kind) && (!fresh || timesBegun > 0)
}

// Ids begin with a letter for what they are; see driver.mjs.
function isPost(id) {
  return id.startsWith('p') || id.startsWith('u')
}

function tally(losses) {
  const counts = {}
  for (const { type, kind } of losses) counts[`${type} ${kind}`] = (counts[`${type} ${kind}`] ?? 0) + 1
  return counts
}

function sum(object) {
  return Object.values(object).reduce((total, value) => total + value, 0)
}

/**
 * @param {{ report: object, begun: Map<string, number>, hasDeaths: boolean }} evidence
 * @returns the figures: requests, failed, excused and severed by kind, POSTs begun twice, other requests begun again,
 *   gaps and latencies of the steady time and of the event.
 */
export function judge({ report, begun, hasDeaths }) {
  const { losses } = report
  const verdictOf = loss => {
    const times = begun.get(loss.id) ?? 0
    if (hasDeaths && isExcused(loss, times)) return 'excused'
    return hasDeaths && isSevered(loss, times) ? 'severed' : 'failed'
  }
  const judged = Object.groupBy(losses, verdictOf)
  const { excused = [], severed = [], failed = [] } = judged
  const again = [...begun].filter(([, times]) => times > 1).map(([id]) => id)
  const phases = Object.values(report.phases)
  const lost = phases.reduce((total, phase) => total + sum(phase.losses), 0)
  return {
    requests: phases.reduce((total, phase) => total + sum(phase.requests), 0),
    messages: report.messages,
    reconnects: report.interruptions,
    // More were lost than the driver keeps in detail: those count as failed too.
    failed: lost - excused.length - severed.length,
    failedByKind: tally(failed),
    excused: excused.length,
    excusedByKind: tally(excused),
    severed: severed.length,
    severedByKind: tally(severed),
    begunAgain: again.filter(id => !isPost(id)).length,
    duplicates: again.filter(isPost).length,
    withoutVerdict: report.open,
    places: report.places,
    versions: report.versions.length,
    steady: phaseOf(report.phases.steady),
    event: phaseOf(report.phases.event),
    samples: failed.slice(0, 40)
  }
}

function phaseOf({ requests, p50Ms, p99Ms, maxMs, slow, longestGapMs, seconds }) {
  return { requests: sum(requests), seconds, p50Ms, p99Ms, maxMs, slow, longestGapMs }
}
