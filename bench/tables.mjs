/**
 * Results as Markdown tables. Pure: a result in, text out; the same text goes to the terminal and the docs.
 */
import { chaosTables, chaosTimesTables } from './chaos/tables.mjs'
import { contenders } from './contenders.mjs'
import { number, table } from './text-table.mjs'
import { foreignTolerated } from './cpu-usage.mjs'
import { meshGrowthTables, meshProfileTables, meshTables } from './mesh/tables.mjs'
import { observeTables } from './observe/tables.mjs'
import { scalingRealTables, scalingTables } from './scaling/tables.mjs'
import { noisySpread } from './statistics.mjs'
import { targetsOf } from './targets.mjs'

function middle(summary, digits = 0) {
  return summary === null ? '–' : number(summary.median, digits)
}

function range(summary, digits = 0) {
  if (summary === null) return '–'
  return `${number(summary.median, digits)} (${number(summary.min, digits)}–${number(summary.max, digits)})`
}

function isNoisy(summary) {
  return summary !== null && summary.spread > noisySpread
}

// A failure can be a page of somebody's log; the table's note needs its first sentence.
function brief(text) {
  return text.replaceAll(/\s+/g, ' ').slice(0, 160)
}

const idleTolerated = 0.05

function percent(share) {
  return `${number(share * 100)} %`
}

// A machine with idle CPUs was not the limit, nor was the contender: the load generator was.
function usageNotes(rows) {
  const measured = rows.filter(row => row.foreign !== null)
  const disturbed = measured.filter(row => row.foreign.max > foreignTolerated)
  const idle = measured.filter(row => row.idle.median > idleTolerated)
  const lines = []
  if (disturbed.length > 0) {
    const list = disturbed.map(row => `${row.title} ${percent(row.foreign.max)}`).join(', ')
    lines.push(`Disturbed, CPU used by other processes in the worst round: ${list}.`)
  }
  if (idle.length > 0) {
    const list = idle.map(row => `${row.title} ${percent(row.idle.median)}`).join(', ')
    lines.push(`Not saturated, CPU left idle: ${list}.`)
  }
  return lines
}

function notes({ missing, contenders: rows }, noisy, further = []) {
  const lines = Object.entries(missing).map(
    ([id, reason]) => `${contenders[id].title}: not measured, ${reason}.`
  )
  for (const { title, valid, problems } of Object.values(rows)) {
    if (!valid) lines.push(`${title}: **invalid**, ${brief(problems[0] ?? 'nothing was measured')}.`)
  }
  if (noisy.length > 0) lines.push(`Noisy (spread over ${noisySpread * 100} %): ${noisy.join(', ')}.`)
  lines.push(...further)
  return lines.length === 0 ? '' : `\n\n${lines.map(line => `- ${line}`).join('\n')}`
}

function titleOf(row) {
  return row.valid ? row.title : `${row.title} (invalid)`
}

function bootTables(result) {
  const rows = Object.values(result.contenders)
  const counts = result.workerCounts
  const heads = counts.map(count => `${count} worker${count === 1 ? '' : 's'}`)
  const line = (row, cell) => [titleOf(row), ...counts.map(count => cell(row.workers[count]))]
  const times = rows.map(row => [
    ...line(row, of => range(of.firstAnswerMs)),
    ...counts.map(count => middle(row.workers[count].ratioToBare, 2))
  ])
  const memory = key => rows.map(row => line(row, of => middle(of[key])))
  const perWorker = rows.map(row => [
    titleOf(row),
    ...['idleRss', 'loadedRss', 'idlePss', 'loadedPss'].map(key => number(row.perFurtherWorkerMb[key], 1))
  ])
  const noisy = rows.flatMap(row =>
    counts
      .filter(count => isNoisy(row.workers[count].firstAnswerMs))
      .map(count => `${row.title} with ${count}`)
  )
  const timeHead = ['boot to first answer, ms', ...heads, ...counts.map(count => `÷ bare, ${count}`)]
  const wholeNotes = notes(result, noisy)
  return {
    'boot-time': table(timeHead, times) + wholeNotes,
    'boot-memory': [
      table(['resident memory, MB, all workers up', ...heads], memory('idleRssMb')),
      table(['resident memory, MB, after a short load', ...heads], memory('loadedRssMb')),
      table(['proportional memory (PSS), MB, after a short load', ...heads], memory('loadedPssMb')),
      table(['MB per further worker', 'RSS', 'RSS after load', 'PSS', 'PSS after load'], perWorker)
    ].join('\n\n')
  }
}

function throughputTable(outcome, missing) {
  const rows = Object.values(outcome.contenders)
  const base = outcome.contenders.threads?.requestsPerSecond?.median
  const lines = rows.map(row => [
    titleOf(row),
    range(row.requestsPerSecond),
    base && row.requestsPerSecond ? number(row.requestsPerSecond.median / base, 2) : '–',
    range(row.p50Ms, 2),
    range(row.p99Ms, 2)
  ])
  const noisy = [
    ...rows.filter(row => isNoisy(row.requestsPerSecond)).map(row => `${row.title} requests/s`),
    ...rows.filter(row => isNoisy(row.p99Ms)).map(row => `${row.title} p99`)
  ]
  const ratios = outcome.ratios.map(({ above, below, valid, requestsPerSecond, p50, p99 }) => [
    `${contenders[above].title} ÷ ${contenders[below].title}${valid ? '' : ' (invalid)'}`,
    range(requestsPerSecond, 2),
    range(p50, 2),
    range(p99, 2)
  ])
  const head = ['two workers, 64 connections', 'requests/s', '÷ bare', 'p50, ms', 'p99, ms']
  return [
    table(head, lines) + notes({ missing, contenders: outcome.contenders }, noisy, usageNotes(rows)),
    ...(ratios.length === 0 ? [] : [table(['ratio, round by round', 'requests/s', 'p50', 'p99'], ratios)])
  ].join('\n\n')
}

function throughputTables(result) {
  const entries = Object.entries(result.applications)
  return Object.fromEntries(
    entries.map(([application, outcome]) => [
      `throughput-${application}`,
      throughputTable(outcome, result.missing)
    ])
  )
}

function installTables(result) {
  const rows = Object.values(result.contenders).map(row => [
    titleOf(row),
    number(row.packages),
    number(row.megabytes, 1),
    number(row.files)
  ])
  return { install: table(['npm install …', 'packages', 'MB', 'files'], rows) + notes(result, []) }
}

function shareRow({ name, share }) {
  return [`\`${name}\``, `${number(share * 100, 1)} %`]
}

function threadTables({ role, busy, parts, functions }) {
  const title = `${role} thread, busy ${percent(busy)}`
  return [
    table([`${title}: part`, 'share'], parts.map(shareRow)),
    table([`${title}: function`, 'share'], functions.map(shareRow))
  ]
}

function profileSection(row) {
  const heaviest = row.threads.find(({ role }) => role === 'edge') ?? row.threads.at(-1)
  if (heaviest === undefined) return ''
  const busy = row.threads.map(thread => [thread.role, percent(thread.busy)])
  return [
    `${titleOf(row)}: ${number(row.requestsPerSecond)} requests/s while profiled.`,
    table(['thread', 'busy'], busy),
    ...threadTables(heaviest)
  ].join('\n\n')
}

function profileTables(result) {
  const sections = Object.values(result.contenders).map(profileSection)
  return { profile: sections.join('\n\n') + notes(result, []) }
}

function limitText({ limit, unit }) {
  const [sign, value] = limit.atMost === undefined ? ['≥', limit.atLeast] : ['≤', limit.atMost]
  return `${sign} ${value} ${unit}`
}

function verdict(met) {
  if (met === null) return 'not measured'
  return met ? 'yes' : 'no'
}

function targetTable(name, result) {
  const rows = targetsOf(name, result).map(one => [
    one.question,
    limitText(one),
    one.value === null ? '–' : `${number(one.value, one.unit === '×' ? 2 : 1)} ${one.unit}`,
    verdict(one.met)
  ])
  return rows.length === 0
    ? {}
    : { [`${name}-targets`]: table(['promise', 'target', 'measured', 'met'], rows) }
}

function machineLine({ machine, options }) {
  const versions = Object.entries(machine.versions)
    .filter(([, version]) => version !== null)
    .map(([name, version]) => `${name} ${version}`)
  const stolen = `${number(machine.stolenShare * 100, 1)} % of the CPU taken by other machines`
  const { rounds, seconds } = options
  const extent = seconds === 0 ? '' : ` ${rounds} rounds, ${seconds} s of load each;`
  return [
    `${machine.cpu}, ${machine.cores} cores, ${number(machine.memoryMb / 1024)} GB, Linux ${machine.kernel}; ${versions.join(', ')}.`,
    `${machine.date.slice(0, 10)}, commit ${machine.commit ?? 'unknown'};${extent} load ${number(machine.loadBefore, 2)} before, ${stolen}.`
  ].join(' ')
}

const byName = {
  boot: bootTables,
  throughput: throughputTables,
  install: installTables,
  profile: profileTables,
  mesh: meshTables,
  'mesh-growth': meshGrowthTables,
  'mesh-profile': meshProfileTables,
  chaos: chaosTables,
  'chaos-times': chaosTimesTables,
  observe: observeTables,
  scaling: scalingTables,
  'scaling-real': scalingRealTables
}

/** All blocks of one benchmark's report, by the name their markers carry in the docs. */
export function blocksOf(report) {
  const { name, result } = report
  return { ...targetTable(name, result), ...byName[name](result), [`${name}-machine`]: machineLine(report) }
}

/** The list of what each contender is and how it is set up. */
export function setupBlock() {
  return Object.values(contenders)
    .map(({ title, setup }) => `- **${title}**: ${setup}`)
    .join('\n')
}
