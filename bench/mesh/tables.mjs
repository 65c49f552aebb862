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

function cpuLine(title, { cpuUs, clientCpuUs, serverCpuUs }) {
  return [title, middle(cpuUs, 2), middle(clientCpuUs, 2), middle(serverCpuUs, 2)]
}

// What of a request's CPU time no mesh could save: the client's API and the posts.
function floorTable({ get, 'floor-request': request, 'floor-posts': posts }) {
  const mesh = get?.sides.mesh
  const stub = request?.sides.stub
  const bare = posts?.sides.posts
  if (!mesh?.valid || !stub?.valid || !bare?.valid) return null
  const rest = key => number(mesh[key].median - stub[key].median - bare[key].median, 2)
  return table(
    ['GET small JSON, 100 in flight: CPU µs each', 'process', 'client thread', 'server thread'],
    [
      cpuLine('the mesh', mesh),
      cpuLine('of it undici.request and the load', stub),
      cpuLine('of it bare posts', bare),
      ['the mesh itself and node:http objects', ...['cpuUs', 'clientCpuUs', 'serverCpuUs'].map(rest)]
    ]
  )
}

/** Tables of the suite `mesh`. */
export function meshTables(result) {
  const rows = Object.values(result.rows)
  const compared = rows.filter(row => Object.keys(row.ratios).length > 0)
  const floor = floorTable(result.rows)
  return {
    ...(compared.length > 0 && { 'mesh-ratios': ratioTable(result, compared) }),
    ...(floor !== null && { 'mesh-floor': floor }),
    'mesh-rows': rows.map(rowTable).join('\n\n')
  }
}
