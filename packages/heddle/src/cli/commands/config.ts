/**
 * `heddle config`: prints the configuration as the server would see it.
 *
 * Main thread. Starts no other thread. What may be secret is hidden unless it is asked for.
 */
import { withoutSecrets } from '../../control/shown-config.ts'
import { loadTyped } from '../load-typed.ts'
import { paint } from '../paint.ts'
import type { Run } from '../program.ts'

/** Runs the command. */
export const printConfig: Run = async typed => {
  if (typed.options['diff'] === true) return (await import('./config-diff.ts')).printDifferences(typed)
  const config = await loadTyped(typed)
  const shown = withoutSecrets(config, process.env, typed.options['show-env'] === true)
  const text = typed.options['json'] === true ? JSON.stringify(shown) : outline(shown, 0).join('\n')
  process.stdout.write(`${text}\n`)
  return 0
}

/** An outline with one value per line, indented by two spaces for each level. */
function outline(value: unknown, level: number): string[] {
  const indent = '  '.repeat(level)
  if (Array.isArray(value)) return value.flatMap(item => markFirst(outline(item, level + 1), indent))
  if (typeof value !== 'object' || value === null) return [`${indent}${scalar(value)}`]
  return Object.entries(value).flatMap(([name, item]) => {
    const title = `${indent}${paint('cyan', name, process.stdout)}:`
    return isBranch(item) ? [title].concat(outline(item, level + 1)) : [`${title} ${scalar(item)}`]
  })
}

/** Puts the dash of a list in front of the first line of an item. */
function markFirst([first = '', ...rest]: string[], indent: string): string[] {
  return [`${indent}- ${first.trimStart()}`, ...rest]
}

function isBranch(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}

function scalar(value: unknown): string {
  return JSON.stringify(value) ?? 'null'
}
