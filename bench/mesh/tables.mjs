/**
 * The mesh's results as Markdown tables. Pure: a result in, text out.
 */
import { foreignTolerated } from '../cpu-usage.mjs'
import { noisySpread } from '../statistics.mjs'
import { number, table } from '../text-table.mjs'

function range(summary, digits = 2) {
  if (!summary) return '–'
  return `${number(summary.median, digits)} (${number(summary.min, digits)}–${number(summary.max, digits)})`
}

function middle(summary, digits = 0) {
  return number(summary?.median, digits)
}

function titleOf({ title, valid }) {
  return valid ? title : `${title} (invalid)`
}

function sideLine(row, side) {
  return [
    titleOf(side),
    range(side.rate, 0),
    row.size > 0 && side.rate ? number((side.rate.median * row.size) / 1e6) : '–',
    range(side.p50Us, 0),
    range(side.p99Us, 0),
    middle(side.cpuUs, 1),
    middle(side.clientCpuUs, 1),
    middle(side.serverCpuUs, 1)
  ]
}

const sideHead = ['requests/s', 'MB/s', 'p50, µs', 'p99, µs', 'CPU µs each', 'client', 'server']

function brief(text) {
  return text.replaceAll(/\s+/g, ' ').slice(0, 160)
}

function notesOf(row) {
  const sides = Object.values(row.sides)
  const lines = sides
    .filter(side => !side.valid)
    .map(({ title, problems }) => `${title}: **invalid**, ${brief(problems[0] ?? 'nothing was measured')}.`)
  const noisy = sides.filter(({ rate }) => rate !== null && rate.spread > noisySpread)
  if (noisy.length > 0) {
    lines.push(`Noisy (spread over ${noisySpread * 100} %): ${noisy.map(({ title }) => title).join(', ')}.`)
  }
  const disturbed = sides.filter(({ foreign }) => foreign !== null && foreign.max > foreignTolerated)
  if (disturbed.length > 0) {
    const list = disturbed.map(({ title, foreign }) => `${title} ${number(foreign.max * 100)} %`).join(', ')
    lines.push(`Disturbed, CPU used by other processes in the worst round: ${list}.`)
  }
  return lines.length === 0 ? '' : `\n\n${lines.map(line => `- ${line}`).join('\n')}`
}

function rowTable(row) {
  return (
    table(
      [row.title, ...sideHead],
      Object.values(row.sides).map(side => sideLine(row, side))
    ) + notesOf(row)
  )
}

const shownKey = { rate: 'rate', p50: 'p50Us' }

function ratioTable(result, rows) {
  const others = Object.keys(result.sides).filter(side => rows.some(row => row.ratios[side]))
  const lines = rows.map(row => [
    row.shown === 'rate' ? `${row.title}, requests/s` : row.title,
    ...others.map(side => range(row.ratios[side]?.valid ? row.ratios[side][shownKey[row.shown]] : null)),
    ...others.map(side => range(row.ratios[side]?.valid ? row.ratios[side].cpuUs : null))
  ])
  const heads = text => others.map(side => `${text} ÷ ${result.sides[side]}`)
  return table(['mesh ÷ others, round by round', ...heads('figure'), ...heads('CPU')], lines)
}

const floorKeys = ['p50Us', 'cpuUs', 'clientCpuUs', 'serverCpuUs']

function floorLine(title, side) {
  return [title, ...floorKeys.map(key => middle(side[key], 2))]
}

// What of a request's time no mesh could save: the client's API and the posts. With many in flight the p50 is
// how long the others took, which no floor can be taken from.
function floorTable(rows, title, [meshRow, requestRow, postsRow]) {
  const mesh = rows[meshRow]?.sides.mesh
  const request = rows[requestRow]?.sides.stub
  const posts = rows[postsRow]?.sides.posts
  if (!mesh?.valid || !request?.valid || !posts?.valid) return []
  const isAlone = rows[meshRow].shown === 'p50'
  const rest = key =>
    key === 'p50Us' && !isAlone ? '–' : number(mesh[key].median - request[key].median - posts[key].median, 2)
  const lines = [
    floorLine('the mesh', mesh),
    floorLine('of it undici.request and the load', request),
    floorLine('of it bare posts', posts),
    ['the mesh itself and node:http objects', ...floorKeys.map(rest)]
  ]
  return [table([title, 'p50, µs', 'CPU µs each', 'client', 'server'], lines)]
}

function floorTables(rows) {
  return [
    ...floorTable(rows, 'GET small JSON, 100 in flight', ['get', 'floor-request', 'floor-posts']),
    ...floorTable(rows, 'GET small JSON, 1 in flight', ['get-1', 'floor-request-1', 'floor-posts-1'])
  ]
}

/** Tables of the suite `mesh`. */
export function meshTables(result) {
  const rows = Object.values(result.rows)
  const compared = rows.filter(row => Object.keys(row.ratios).length > 0)
  const floors = floorTables(result.rows)
  return {
    ...(compared.length > 0 && { 'mesh-ratios': ratioTable(result, compared) }),
    ...(floors.length > 0 && { 'mesh-floor': floors.join('\n\n') }),
    'mesh-rows': rows.map(rowTable).join('\n\n')
  }
}

const partsShown = 25

function usOf({ parts }, name) {
  return parts.find(part => part.name === name)?.us ?? 0
}

// One line for each part that either thread has spent time in.
function partLines({ client, server }) {
  const names = new Set([...client.parts, ...server.parts].map(({ name }) => name))
  return [...names]
    .map(name => ({ name, client: usOf(client, name), server: usOf(server, name) }))
    .toSorted((a, b) => b.client + b.server - a.client - a.server)
    .slice(0, partsShown)
    .map(line => [`\`${line.name}\``, number(line.client, 2), number(line.server, 2)])
}

function functionTable(role, thread) {
  const lines = thread.functions.map(({ name, us, share }) => [
    `\`${name}\``,
    number(us, 2),
    `${number(share * 100, 1)} %`
  ])
  return table([`${role} thread: function`, 'µs each', 'share'], lines)
}

function profileSection({ title, side, problem, rate, threads }) {
  if (problem !== null) return `${title}, ${side}: not profiled, ${brief(problem)}.`
  const { client, server } = threads
  const busy = `busy: client ${number(client.busy * 100)} %, server ${number(server.busy * 100)} %`
  const total = ['all', number(client.us, 2), number(server.us, 2)]
  return [
    `${title}, ${side}: ${number(rate)} requests/s while profiled; ${busy}.`,
    table(['part, self time', 'client, µs each', 'server, µs each'], [total, ...partLines(threads)]),
    functionTable('client', client),
    functionTable('server', server)
  ].join('\n\n')
}

/** Tables of the suite `mesh-profile`. */
export function meshProfileTables({ profiles }) {
  return { 'mesh-profile': profiles.map(profileSection).join('\n\n') }
}

function costLine(title, row) {
  return [
    title,
    range(row.singleP50Us, 1),
    range(row.cpuUs, 1),
    middle(row.clientCpuUs, 1),
    middle(row.serverCpuUs, 1),
    range(row.rate, 0)
  ]
}

function joinLine(title, row) {
  return [
    title,
    range(row.upMs, 0),
    range(row.joinMs, 1),
    range(row.visitMs, 0),
    middle(row.idleMb),
    middle(row.oneLinkMb),
    middle(row.allLinksMb),
    range(row.linkKb, 1)
  ]
}

// Side by side with itself: what grows is seen in a column.
function crowds({ rows }) {
  const sides = Object.keys(Object.values(rows)[0] ?? {})
  return sides.flatMap(side =>
    Object.entries(rows).map(([members, row]) => ({
      side,
      title: `${titleOf(row[side])}, ${members}`,
      row: row[side]
    }))
  )
}

const costHead = [
  'a request between two of so many',
  'p50 alone, µs',
  'CPU µs each, 100 in flight',
  'client',
  'server',
  'requests/s'
]
const joinHead = [
  'so many workers',
  'all up, ms',
  'the last joined, ms',
  'all call all, ms',
  'MB, up',
  'MB, one link each',
  'MB, all links',
  'KB per link'
]

/** Tables of the suite `mesh-growth`. */
export function meshGrowthTables(result) {
  const list = crowds(result)
  const costs = list.filter(({ side }) => side !== 'bare')
  const further = Object.entries(result.perMember).map(([side, { joinedMb, calledMb }]) => [
    list.find(one => one.side === side).row.title,
    number(joinedMb, 2),
    number(calledMb, 2)
  ])
  const invalid = list
    .filter(({ row }) => !row.valid)
    .map(({ title, row }) => `- ${title}: ${brief(row.problems[0] ?? 'nothing was measured')}.`)
  const tables = [
    table(
      costHead,
      costs.map(({ title, row }) => costLine(title, row))
    ),
    table(
      joinHead,
      list.map(({ title, row }) => joinLine(title, row))
    ),
    table(['MB per further member, worker not counted', 'joined', 'has called one'], further)
  ]
  return { 'mesh-growth': [...tables, ...(invalid.length > 0 ? [invalid.join('\n')] : [])].join('\n\n') }
}
