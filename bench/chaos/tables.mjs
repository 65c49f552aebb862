/**
 * The results of chaos as Markdown. Pure: a result in, blocks out.
 */
import { number, table } from '../text-table.mjs'
import { scenarios } from './scenarios.mjs'

const told = 160

function counts(byKind) {
  return Object.entries(byKind)
    .map(([kind, times]) => `${times} × ${kind}`)
    .join(', ')
}

function verdict(figures) {
  if (figures === undefined) return '–'
  if (figures === null) return 'not offered'
  if (figures.error !== undefined) return 'broke off'
  return `${figures.failed} of ${figures.requests}`
}

function overview({ contenders }) {
  const rows = Object.values(contenders)
  const played = Object.keys(scenarios).filter(id => rows.some(row => id in row.scenarios))
  return table(
    ['failed requests', ...rows.map(row => row.title)],
    played.map(id => [scenarios[id].title].concat(rows.map(row => verdict(row.scenarios[id]))))
  )
}

function detail({ title, scenarios: played }) {
  const rows = Object.entries(played).filter(([, figures]) => figures && figures.error === undefined)
  const head = [
    title,
    'events',
    'requests',
    'failed',
    'excused',
    'severed',
    'begun again',
    'POSTs twice',
    'p50, ms',
    'p99 steady, ms',
    'p99 event, ms',
    'slowest, ms',
    'over 1 s',
    'longest gap, ms'
  ]
  return table(
    head,
    rows.map(([id, each]) => [
      scenarios[id].title,
      each.times,
      each.requests,
      each.failed,
      each.excused,
      each.severed,
      each.begunAgain,
      each.duplicates,
      number(each.event.p50Ms, 2),
      number(each.steady.p99Ms, 1),
      number(each.event.p99Ms, 1),
      number(each.event.maxMs),
      each.event.slow,
      number(each.event.longestGapMs)
    ])
  )
}

function notes({ missing, contenders }) {
  const lines = Object.entries(missing).map(([title, reason]) => `${title}: not played, ${reason}.`)
  for (const { title, scenarios: played } of Object.values(contenders)) {
    for (const [id, figures] of Object.entries(played)) {
      const where = `${title}, ${scenarios[id].title}`
      if (figures?.error !== undefined) lines.push(`${where}: broke off, ${figures.error.slice(0, told)}`)
      if (figures?.failed > 0) lines.push(`${where}: ${counts(figures.failedByKind)}.`)
      if (figures?.excused > 0) lines.push(`${where}, excused: ${counts(figures.excusedByKind)}.`)
      if (figures?.severed > 0) lines.push(`${where}, severed: ${counts(figures.severedByKind)}.`)
      for (const note of figures?.notes?.slice(0, 3) ?? []) lines.push(`${where}: ${note.slice(0, told)}`)
    }
  }
  return lines.map(line => `- ${line.replaceAll(/\s+/g, ' ')}`).join('\n')
}

/** The blocks of `chaos`. */
export function chaosTables(result) {
  const details = Object.values(result.contenders).map(detail)
  return { chaos: overview(result), 'chaos-detail': [...details, notes(result)].join('\n\n') }
}

const timeRows = {
  ejectionMs: 'from a block to the ejection, ms',
  ownBootMs: 'own boot of the application, ms',
  replacementMs: 'from a crash to a ready replacement, ms',
  replacementRatio: 'the same ÷ own boot',
  idleStopMs: 'stop with everything idle, ms',
  blockedProbeMs: 'all workers in native code: slowest probe, ms',
  blockedStatusMs: 'all workers in native code: slowest status, ms',
  blockedStopMs: 'all workers in native code: SIGTERM to the end, ms'
}

function timeCell(row, name) {
  const summary = row.figures[name]
  const digits = name === 'replacementRatio' ? 2 : 1
  if (!summary) return '–'
  return `${number(summary.median, digits)} (${number(summary.min, digits)}–${number(summary.max, digits)})`
}

/** The block of `chaos-times`. */
export function chaosTimesTables(result) {
  const rows = Object.values(result.contenders)
  const head = ['', ...rows.map(row => row.title)]
  const lines = Object.entries(timeRows).map(([name, title]) =>
    [title].concat(rows.map(row => timeCell(row, name)))
  )
  const problems = rows.flatMap(row =>
    row.problems.map(problem => `- ${row.title}: ${problem.slice(0, told)}`)
  )
  return { 'chaos-times': `${table(head, lines)}\n\n${problems.join('\n')}`.trim() }
}
