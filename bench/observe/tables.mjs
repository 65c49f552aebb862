/**
 * The results of observe as Markdown. Pure: a result in, blocks out.
 */
import { number, table } from '../text-table.mjs'
import { casts, states } from './answers.mjs'
import { questions } from './questions.mjs'
import { actors } from './stage.mjs'

const told = 160

function range(summary, digits = 2) {
  if (summary === null) return '–'
  return `${number(summary.median, digits)} (${number(summary.min, digits)}–${number(summary.max, digits)})`
}

function problemNotes(title, problems) {
  return problems.slice(0, 3).map(problem => `- ${title}: ${problem.replaceAll(/\s+/g, ' ').slice(0, told)}`)
}

function withNotes(text, notes) {
  return notes.length === 0 ? text : `${text}\n\n${notes.join('\n')}`
}

function timeCell({ count, late, medianMs, p99Ms }, limitMs) {
  if (count === 0 || medianMs === null) return '–'
  if (late === count) return `none in ${number(limitMs)} ms`
  const some = late === 0 ? '' : `, ${late} of ${count} late`
  return `${number(medianMs.median, 1)} / ${number(p99Ms, 1)}${some}`
}

function ratioCell(cell) {
  if (cell.count === 0) return '–'
  return cell.late === cell.count ? 'no answer' : `${range(cell.ratio)}, ${number(cell.p99Ratio, 2)}`
}

function busyCell(cell) {
  if (cell.count === 0) return '–'
  return cell.late === cell.count ? 'no answer' : range(cell.ratioToBusy)
}

function castTitle({ cast, workers }) {
  return `${workers} worker${workers === 1 ? '' : 's'} (${casts[cast].title})`
}

function castTables(rows, limitMs) {
  const asked = rows.flatMap(({ actor, questions: found }) =>
    Object.entries(found).map(([id, cells]) => ({
      title: `${actors[actor].title}: ${questions[id].titles[actor]}`,
      cells
    }))
  )
  const head = castTitle(rows[0])
  const ids = Object.keys(states)
  const times = asked.map(({ title, cells }) => [title, ...ids.map(id => timeCell(cells[id], limitMs))])
  const blocked = ids.filter(id => states[id].way !== undefined)
  const burning = blocked.filter(id => states[id].burns)
  const ratios = asked.map(({ title, cells }) =>
    [title].concat(
      blocked.map(id => ratioCell(cells[id])),
      burning.map(id => busyCell(cells[id]))
    )
  )
  const ratioHead = [
    ...blocked.map(id => states[id].title),
    ...burning.map(id => `median ÷ others burn: ${states[id].title}`)
  ]
  return [
    table([`${head}: median / p99, ms`, ...ids.map(id => states[id].title)], times),
    table([`${head}: median, p99 ÷ idle`, ...ratioHead], ratios)
  ].join('\n\n')
}

function answersBlock({ rows, limitMs, missing }) {
  const byCast = Object.keys(casts)
    .map(cast => rows.filter(row => row.cast === cast))
    .filter(list => list.length > 0)
  const notes = Object.entries(missing).map(([title, reason]) => `- ${title}: not measured, ${reason}.`)
  for (const row of rows)
    notes.push(...problemNotes(`${actors[row.actor].title}, ${castTitle(row)}`, row.problems))
  return withNotes(byCast.map(list => castTables(list, limitMs)).join('\n\n'), notes)
}

function pathBlock({ rows }) {
  const list = Object.values(rows)
  const head = [
    'on ÷ off',
    'requests/s, off',
    'requests/s, on',
    'throughput',
    'CPU µs each, off',
    'on',
    'CPU'
  ]
  const lines = list.map(row => [
    row.valid ? row.title : `${row.title} (invalid)`,
    number(row.rateOff?.median),
    number(row.rateOn?.median),
    range(row.rate, 3),
    number(row.cpuOff?.median, 1),
    number(row.cpuOn?.median, 1),
    range(row.cpu, 3)
  ])
  const disturbed = list.filter(row => row.disturbed > 0)
  const notes = [
    ...list.flatMap(row => problemNotes(row.title, row.problems)),
    ...disturbed.map(row => `- ${row.title}: others used the machine in ${row.disturbed} rounds.`)
  ]
  return withNotes(table(head, lines), notes)
}

function kilobytes(bytes) {
  return bytes === null ? '–' : number(bytes / 1024)
}

function scrapeBlock(result) {
  const { workers, bytes, gzipBytes, series, firstMs, inProcess, overHttp, underLoad, problems } = result
  const line = (title, times) => [title, range(times.medianMs), range(times.p99Ms)]
  return withNotes(
    [
      `${number(series)} series, ${kilobytes(bytes)} KB of text, ${kilobytes(gzipBytes)} KB with gzip.`,
      table(
        [`a scrape of ${workers} workers, ms`, 'median', 'p99'],
        [
          ['the first of the process', range(firstMs), '–'],
          line('in the process', inProcess),
          line('over HTTP', overHttp),
          line('over HTTP, under load', underLoad)
        ]
      )
    ].join('\n\n'),
    problemNotes('Scrape', problems)
  )
}

function logsBlock({ rows, missing }) {
  const list = Object.values(rows)
  const head = [
    'four workers that log',
    'lines/s',
    'main thread late, ms: worst',
    'p99',
    'read by the follower'
  ]
  const lines = list.map(row => [
    row.valid ? row.title : `${row.title} (invalid)`,
    number(row.linesPerSecond?.median),
    range(row.maxMs, 1),
    range(row.p99Ms, 1),
    row.followed === null ? '–' : `${number(row.followed.lines)}, ${number(row.followed.lost)} told as lost`
  ])
  const notes = Object.entries(missing).map(([title, reason]) => `- ${title}: not measured, ${reason}.`)
  return withNotes(table(head, lines), [
    ...notes,
    ...list.flatMap(row => problemNotes(row.title, row.problems))
  ])
}

const byPart = { answers: answersBlock, path: pathBlock, logs: logsBlock, scrape: scrapeBlock }

/** The blocks of `observe`, one for each part that was measured. */
export function observeTables(result) {
  const blocks = Object.entries(result)
    .filter(([id]) => id in byPart)
    .map(([id, part]) => [
      `observe-${id}`,
      part.error === undefined
        ? byPart[id](part)
        : `- Broke off: ${part.error.replaceAll(/\s+/g, ' ').slice(0, told)}`
    ])
  return Object.fromEntries(blocks)
}
