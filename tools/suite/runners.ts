/**
 * How each test runner is made to say what became of every test. Pure.
 */
import { join } from 'node:path'

import type { TestLine } from './outcomes.ts'

/** How a command is run so that its outcomes can be read. */
export interface Plan {
  /** For a shell. */
  readonly command: string
  /** Turns what the runner wrote into lines; `null` when its reporter writes the ledger itself. */
  readonly read: ((written: string, output: string) => TestLine[]) | null
}

const here = import.meta.dirname

/**
 * Adds to a command what makes its runner report.
 *
 * @param report File the runner may write to.
 */
export function planFor(command: string, report: string): Plan {
  const words = command.split(/\s+/).map(word => word.replace(/^.*\//, ''))
  if (words.some(word => /^_?mocha(\.js)?$/.test(word))) {
    const reporter = quote(join(here, 'mocha-reporter.cjs'))
    return { command: `${command} --no-bail --reporter ${reporter}`, read: null }
  }
  const reporter = quote(join(here, 'node-reporter.mjs'))
  if (words.includes('borp')) return { command: `${command} --reporter=${reporter}`, read: null }
  if (words.includes('--test')) {
    return {
      command: command.replace(
        '--test',
        `--test --test-reporter=${reporter} --test-reporter-destination=stdout`
      ),
      read: null
    }
  }
  if (words.includes('jest')) {
    return { command: `${command} --json --outputFile=${quote(report)}`, read: readJest }
  }
  if (words.includes('vitest')) {
    const run = words.includes('run') ? '' : ' run'
    return { command: `${command}${run} --reporter=json --outputFile=${quote(report)}`, read: readJest }
  }
  const tap = words.some(word => word === 'tap') ? ' --reporter=tap' : ''
  return { command: `${command}${tap}`, read: (_written, output) => readTap(output) }
}

/** The first script of a package that starts a known runner; `null` when there is none. */
export function scriptOf(scripts: Readonly<Record<string, string>>): string | null {
  const known = /(?:^|\/|\s)(?:_?mocha|borp|jest|vitest|tap)(?:\s|$)|node\s.*--test\b/
  for (const name of ['test', 'unit', 'test:unit', ...Object.keys(scripts)]) {
    const parts = (scripts[name] ?? '').split('&&').map(part => part.trim())
    const found = parts.find(part => known.test(part))
    if (found !== undefined) return found
  }
  return null
}

interface JestReport {
  readonly testResults: readonly {
    readonly name: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages?: readonly string[]
    }[]
  }[]
}

/** Reads the report of jest, which is that of vitest too. */
function readJest(written: string): TestLine[] {
  if (written === '') return []
  return (JSON.parse(written) as JestReport).testResults.flatMap(({ name, message, assertionResults }) =>
    assertionResults.length === 0
      ? [{ test: 'the whole file', file: name, outcome: 'fail' as const, message }]
      : assertionResults.map(({ fullName, status, failureMessages }) => ({
          test: fullName,
          file: name,
          outcome: status === 'passed' ? 'pass' : status === 'failed' ? 'fail' : 'skip',
          message: failureMessages?.join('\n')
        }))
  )
}

const tapLine = /^(\s*)(not )?ok\b[\s\d]*(?:- )?(.*?)(?:\s+#\s*(skip|todo|time).*)?$/i
const tapSubtest = /^(\s*)# Subtest: (.*)$/

/** Reads TAP. The lines of a subtest are indented; which one it was is said before them. */
export function readTap(output: string): TestLine[] {
  const lines: TestLine[] = []
  const path: { depth: number; name: string }[] = []
  const leave = (depth: number): void => {
    while ((path.at(-1)?.depth ?? -1) >= depth) path.pop()
  }
  for (const line of output.split('\n')) {
    const subtest = tapSubtest.exec(line)
    if (subtest !== null) {
      leave(subtest[1]?.length ?? 0)
      path.push({ depth: subtest[1]?.length ?? 0, name: subtest[2] ?? '' })
      continue
    }
    const match = tapLine.exec(line)
    if (match === null) continue
    const [, indent = '', not, name = '', directive] = match
    leave(indent.length)
    const skipped = directive !== undefined && directive.toLowerCase() !== 'time'
    const outcome = skipped ? 'skip' : not === undefined ? 'pass' : 'fail'
    lines.push({ test: [...path.map(({ name }) => name), name].join(' > '), outcome })
  }
  return lines
}

/** For a shell. */
function quote(path: string): string {
  return `'${path.replaceAll("'", String.raw`'\''`)}'`
}
