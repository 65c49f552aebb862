/**
 * What is promised of looking at a server, as targets. Pure.
 */
import { casts, states } from './answers.mjs'
import { questions } from './questions.mjs'

const slowerAllowed = 1.5
const throughputKept = 0.98
const scrapeMs = 20
const loopLateMs = 20
const blocking = Object.keys(states).filter(id => states[id].way !== undefined)
const burning = blocking.filter(id => states[id].burns)
const waiting = blocking.filter(id => !states[id].burns)

// The worst way to be blocked counts. One that was not measured, or not answered, leaves the promise unmet.
function worst(cells, ids, key) {
  const ratios = ids.map(id => (cells[id].late === 0 ? (cells[id][key]?.median ?? null) : null))
  return ratios.includes(null) ? null : Math.max(...ratios)
}

function answersTargets(target, { rows }) {
  return rows
    .filter(({ actor }) => actor === 'heddle')
    .flatMap(({ cast, workers, questions: found, problems }) =>
      Object.entries(found).flatMap(([id, cells]) => {
        const held = (what, ids, key) =>
          target(
            `${questions[id].titles.heddle}, ${workers} worker${workers === 1 ? '' : 's'} ${what}`,
            { atMost: slowerAllowed },
            problems.length === 0 ? worst(cells, ids, key) : null,
            '×'
          )
        // Where workers burn all processors there are, they are held against others that do; else against idle.
        return [
          held('blocked and waiting ÷ idle', waiting, 'ratio'),
          casts[cast].leavesOne
            ? held('blocked and burning ÷ idle', burning, 'ratio')
            : held('blocked and burning ÷ others burning', burning, 'ratioToBusy')
        ]
      })
    )
}

function pathTargets(target, { rows }) {
  return ['edge-metrics', 'direct-metrics'].flatMap(id => {
    const row = rows[id]
    if (row === undefined) return []
    const value = row.valid ? row.rate.median : null
    return [target(`hello world with ${row.title} ÷ without`, { atLeast: throughputKept }, value, '×')]
  })
}

function scrapeTargets(target, { workers, valid, inProcess, overHttp }) {
  const p99 = times => (valid ? times.p99Ms?.median : null)
  return [
    target(`scrape of ${workers} workers in the process, p99`, { atMost: scrapeMs }, p99(inProcess), 'ms'),
    target(`scrape of ${workers} workers over HTTP, p99`, { atMost: scrapeMs }, p99(overHttp), 'ms')
  ]
}

/** Lines a second that have to come out for the other figure to be worth something. */
const linesKept = 0.95

function logsTargets(target, { rows }) {
  return ['heddle', 'heddle-file', 'heddle-followed'].flatMap(id => {
    const row = rows[id]
    if (row === undefined) return []
    const came = row.valid ? row.linesPerSecond.median / row.wantedPerSecond : null
    const late = came !== null && came >= linesKept ? row.maxMs.max : null
    return [target(`${row.title}, main thread late at 50 000 lines/s`, { atMost: loopLateMs }, late, 'ms')]
  })
}

const byPart = { answers: answersTargets, path: pathTargets, logs: logsTargets, scrape: scrapeTargets }

/**
 * @param {(question: string, limit: object, value: number | null, unit: string) => object} target
 * @param {object} result of `observe`
 */
export function observeTargets(target, result) {
  return Object.entries(result).flatMap(([id, part]) =>
    id in byPart && part.error === undefined ? byPart[id](target, part) : []
  )
}
