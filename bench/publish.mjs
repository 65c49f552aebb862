/**
 * Writes results to disk and their tables into the docs, between markers: `<!-- bench:name -->` and
 * `<!-- /bench:name -->`. What stands outside of the markers is never touched.
 *
 * Runs in the process of `run.mjs`.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { node, results, root } from './place.mjs'
import { summaryTable } from './summary.mjs'
import { blocksOf, setupBlock } from './tables.mjs'

const documents = [join(root, 'docs', 'benchmarks.md'), join(root, 'README.md')]
const formatter = join(root, 'node_modules', 'oxfmt', 'bin', 'oxfmt')

/** Puts each block between its markers; a marker without a block keeps what it has. */
export function fillMarkers(text, blocks) {
  return text.replaceAll(/<!-- bench:([\w-]+) -->[\s\S]*?<!-- \/bench:\1 -->/g, (whole, name) =>
    blocks[name] === undefined
      ? whole
      : `<!-- bench:${name} -->\n\n${blocks[name]}\n\n<!-- /bench:${name} -->`
  )
}

function format(files) {
  if (files.length > 0 && existsSync(formatter)) {
    execFileSync(node, [formatter, '--write', ...files], { cwd: root, stdio: 'ignore' })
  }
}

/** Writes all published results into the documents. Returns the documents that were changed. */
export function regenerate() {
  const files = existsSync(results) ? readdirSync(results).filter(name => name.endsWith('.json')) : []
  const reports = files.map(file => JSON.parse(readFileSync(join(results, file), 'utf8')))
  const byName = Object.fromEntries(reports.map(report => [report.name, report]))
  const blocks = { contenders: setupBlock() }
  for (const report of reports) Object.assign(blocks, blocksOf(report))
  if (reports.length > 0) blocks.summary = summaryTable(byName)
  const changed = []
  for (const document of documents.filter(existsSync)) {
    const before = readFileSync(document, 'utf8')
    writeFileSync(document, fillMarkers(before, blocks))
    if (before !== readFileSync(document, 'utf8')) changed.push(document)
  }
  format(changed)
  return changed
}

/**
 * Writes one report. A full one goes to `results/<name>.json` and the docs; any other to `results/raw`,
 * where it disturbs no published figure.
 * @returns the file.
 */
export function publish(report, isFull) {
  const file = isFull
    ? join(results, `${report.name}.json`)
    : join(results, 'raw', `${report.name}-partial.json`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
  if (isFull) {
    format([file])
    regenerate()
  }
  return file
}
