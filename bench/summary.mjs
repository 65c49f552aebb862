/**
 * The one table for people in a hurry: all contenders, the most telling figure of each benchmark. Pure.
 *
 * It is put together from the published results and holds nothing that is not in the long tables; an
 * invalid or missing figure is a dash.
 */
import { contenders } from './contenders.mjs'
import { number, table } from './text-table.mjs'

const order = ['heddle-edge', 'heddle-direct', 'threads', 'cluster', 'pm2', 'watt', 'haproxy', 'process']
const installedBy = { 'heddle-edge': 'heddle', 'heddle-direct': 'heddle', pm2: 'pm2', watt: 'watt' }

function valid(row) {
  return row?.valid ? row : null
}

function bootCells(report, id) {
  const row = valid(report?.result.contenders[id])
  const two = row?.workers[2]
  return [
    number(two?.firstAnswerMs?.median),
    number(two?.loadedRssMb?.median),
    number(row?.perFurtherWorkerMb.loadedRss)
  ]
}

function throughputCells(report, id) {
  const row = application => valid(report?.result.applications[application]?.contenders[id])
  const rate = number(row('hello')?.requestsPerSecond?.median)
  return [rate, ...['hello', 'cpu-1ms'].map(application => number(row(application)?.p99Ms?.median, 1))]
}

function installCell(report, id) {
  const row = valid(report?.result.contenders[installedBy[id]])
  return row === null ? '–' : `${row.packages}, ${number(row.megabytes, 1)} MB`
}

/**
 * The table, from the reports there are.
 * @param {{ boot?: object, throughput?: object, install?: object }} reports
 */
export function summaryTable({ boot, throughput, install }) {
  const head = [
    'two workers, one machine',
    'boot, ms',
    'memory, MB',
    'per further worker, MB',
    'hello, requests/s',
    'hello p99, ms',
    '1 ms handler p99, ms',
    'packages'
  ]
  const rows = order.map(id => {
    const figures = [bootCells(boot, id), throughputCells(throughput, id)].flat()
    return [contenders[id].title, figures, installCell(install, id)].flat()
  })
  return table(head, rows)
}
