/**
 * The results of scaling as Markdown. Pure: a result in, blocks out.
 */
import { number, table } from '../text-table.mjs'

function cells(rules, titles) {
  return Object.keys(titles).map(rule => {
    const { workerSeconds, lateSeconds, changes, kills } = rules[rule]
    const killed = kills > 0 ? `, killed ${number(kills)} ×` : ''
    return `${number(workerSeconds)} / ${number(lateSeconds)} / ${number(changes)}${killed}`
  })
}

function shapesBlock({ shapes, random, titles }) {
  const head = ['worker-seconds / late seconds / changes', 's', ...Object.values(titles)]
  const rows = [...Object.values(shapes), ...(random === null ? [] : [random])]
  const lines = rows.map(row => [row.title, number(row.seconds)].concat(cells(row.rules, titles)))
  return table(head, lines)
}

function randomBlock({ count, better }) {
  return [
    `Of ${count} random shapes, other ones than those the constants were chosen by, ${better.late} had at most half the`,
    `late seconds of Watt's rule, ${better.both} of these with no more worker-seconds.`
  ].join(' ')
}

function stepsOf(numbers) {
  return numbers.map(({ second, wanted }) => `${number(second, 1)}: ${wanted}`).join(', ')
}

/** The block of `scaling-real`. */
export function scalingRealTables({ rows }) {
  const lines = Object.values(rows).flatMap(({ title, real, simulated }) =>
    [
      [`${title}, real workers`, real],
      ['the same, simulated', simulated]
    ].map(([name, run]) => [
      name,
      run.enoughAfter === null ? 'never' : number(run.enoughAfter, 1),
      number(run.lateSeconds),
      number(run.workerSeconds),
      number(run.most)
    ])
  )
  const steps = Object.values(rows).map(
    ({ title, real }) => `- ${title}, second: workers: ${stepsOf(real.numbers)}.`
  )
  const head = ['two CPUs', 'enough workers after, s', 'late seconds', 'worker-seconds', 'most workers']
  return { 'scaling-real': `${table(head, lines)}\n\n${steps.join('\n')}` }
}

/** The blocks of `scaling`. */
export function scalingTables(result) {
  return {
    scaling: shapesBlock(result),
    ...(result.random === null ? {} : { 'scaling-random': randomBlock(result.random) })
  }
}
