/**
 * Reads metrics in the text format of Prometheus, or in OpenMetrics, and puts labels to every sample.
 *
 * Runs in worker threads. Pure. It is strict: one line that Prometheus would not take would cost the whole scrape, of
 * every application, so that the text it stands in is refused here.
 */
import { familyTypes } from '../channel/application-metrics.ts'
import type { FamilyType, MetricFamily } from '../channel/application-metrics.ts'

/** Labels to put to samples, by name. */
export type Labels = Readonly<Record<string, string>>

/**
 * What prom-client tells of the process. Here it would be told once by every worker, each time for all of them, and
 * sums would be too large; Heddle tells it once, as `heddle_process_…`.
 */
const ofProcess = new Set([
  'process_cpu_user_seconds_total',
  'process_cpu_system_seconds_total',
  'process_cpu_seconds_total',
  'process_start_time_seconds',
  'process_resident_memory_bytes',
  'process_virtual_memory_bytes',
  'process_heap_bytes',
  'process_open_fds',
  'process_max_fds'
])

interface OpenFamily {
  readonly name: string
  type: FamilyType
  help: string
  readonly lines: string[]
}

const label = String.raw`[ \t]*[a-zA-Z_][a-zA-Z0-9_]*[ \t]*=[ \t]*"(?:[^"\\\n]|\\[\\"n])*"[ \t]*`
const sampleLine = new RegExp(
  String.raw`^([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*(?:\{((?:${label}(?:,${label})*,?)?)[ \t]*\})?[ \t]+(\S+)(?:[ \t]+(\d{1,15}(?:\.\d+)?))?[ \t]*( # .*)?$`
)
const oneLabel = new RegExp(
  String.raw`[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*("(?:[^"\\\n]|\\.)*")[ \t]*,?`,
  'g'
)
const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i
const noNumber = /^(?:[+-]?inf|nan)$/i

/** Ends of the names of the samples of a family, beside its own name. */
const suffixes: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['_sum', '_count']
}

/**
 * The families of a text, with labels.
 *
 * @param isOpen Whether it is OpenMetrics. Exemplars and times of creation are left out.
 * @throws Error that quotes the first line which is not well formed.
 */
export function labelMetrics(text: string, labels: Labels, isOpen = false): readonly MetricFamily[] {
  const families = new Map<string, OpenFamily>()
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  const added: Added = { labels, names: Object.keys(labels), text: pairs.join(',') }
  let current: OpenFamily | null = null
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    if (line.startsWith('#')) {
      current = readComment(line, families, isOpen) ?? current
      continue
    }
    const { name, rewrite } = readSample(line, isOpen)
    if (isOpen && name.endsWith('_created')) continue
    current = current !== null && belongs(name, current) ? current : familyOf(name, families)
    current.lines.push(rewrite(added))
  }
  return [...families.values()]
    .filter(({ name, lines }) => lines.length > 0 && !ofProcess.has(name))
    .map(({ name, type, help, lines }) => ({ name, type, help, samples: lines.join('') }))
}

/** Labels to put to samples, made ready once. */
interface Added {
  readonly labels: Labels
  readonly names: readonly string[]
  /** As it stands between the braces. */
  readonly text: string
}

interface Sample {
  readonly name: string
  /** The line with more labels. */
  readonly rewrite: (added: Added) => string
}

function readSample(line: string, isOpen: boolean): Sample {
  const match = sampleLine.exec(line)
  const [, name = '', inside = '', value = '', time, exemplar] = match ?? []
  if (match === null || !isValue(value) || (exemplar !== undefined && !isOpen)) throw malformed(line)
  // OpenMetrics has seconds, the other format whole milliseconds.
  if ((time?.includes('.') && !isOpen) || isUnfit(inside)) throw malformed(line)
  const at = time === undefined ? '' : ` ${isOpen ? Math.round(Number(time) * 1000) : time}`
  return { name, rewrite: added => `${name}{${withLabels(inside, added)}} ${value}${at}\n` }
}

/** Prometheus takes none that is too large for a number. */
function isValue(text: string): boolean {
  return noNumber.test(text) || (number.test(text) && Number.isFinite(Number(text)))
}

/** Whether a label is there twice, or has the name of the name: Prometheus would take nothing of the whole scrape. */
function isUnfit(inside: string): boolean {
  const names = ['__name__']
  oneLabel.lastIndex = 0
  for (let match = oneLabel.exec(inside); match !== null; match = oneLabel.exec(inside)) {
    const [, name = ''] = match
    if (names.includes(name)) return true
    names.push(name)
  }
  return false
}

function withLabels(inside: string, { labels, names, text }: Added): string {
  const mayClash = names.some(name => inside.includes(name))
  const own = mayClash ? renamed(inside, labels) : inside.trim().replace(/,$/, '')
  return own === '' ? text : `${text},${own}`
}

/** The family a line is about that says something of one; `null` for any other comment. */
function readComment(line: string, families: Map<string, OpenFamily>, isOpen: boolean): OpenFamily | null {
  const match = /^#[ \t]+(HELP|TYPE)[ \t]+([a-zA-Z_:][a-zA-Z0-9_:]*)(?:[ \t]+(.*))?$/.exec(line)
  if (match === null) return null
  const [, what, name = '', rest = ''] = match
  const isCounter = isOpen && what === 'TYPE' && rest.trim() === 'counter'
  const family = familyOf(name, families)
  if (what === 'HELP') family.help = escapeLone(rest)
  else family.type = typeOf(rest.trim())
  return isCounter ? renameCounter(family, families) : family
}

/** OpenMetrics names a counter without the end its samples have. */
function renameCounter(family: OpenFamily, families: Map<string, OpenFamily>): OpenFamily {
  if (family.name.endsWith('_total')) return family
  families.delete(family.name)
  const counter = { ...family, name: `${family.name}_total`, type: 'counter' as const }
  families.set(counter.name, counter)
  return counter
}

/** A backslash in a sentence that escapes nothing stands for itself. */
function escapeLone(help: string): string {
  return help.replaceAll(/\\[\\n]?/g, found => (found.length === 1 ? String.raw`\\` : found))
}

function typeOf(word: string): FamilyType {
  return familyTypes.find(type => type === word) ?? 'untyped'
}

function familyOf(name: string, families: Map<string, OpenFamily>): OpenFamily {
  const known = families.get(name)
  if (known !== undefined) return known
  const family: OpenFamily = { name, type: 'untyped', help: '', lines: [] }
  families.set(name, family)
  return family
}

function belongs(sample: string, { name, type }: OpenFamily): boolean {
  return sample === name || (suffixes[type]?.some(suffix => sample === `${name}${suffix}`) ?? false)
}

/** A sample's own labels that have the name of one that is added are kept under another name, as Prometheus does it. */
function renamed(inside: string, labels: Labels): string {
  const own = Array.from(inside.matchAll(oneLabel), ([, name = '', value = '']) => ({ name, value }))
  const taken = new Set([...Object.keys(labels), ...own.map(({ name }) => name)])
  return own
    .map(({ name, value }) => {
      if (!Object.hasOwn(labels, name)) return `${name}=${value}`
      let free = name
      while (taken.has(free)) free = `exported_${free}`
      taken.add(free)
      return `${free}=${value}`
    })
    .join(',')
}

function escapeLabel(value: string): string {
  return value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`)
}

function malformed(line: string): Error {
  const quoted = line.length > 100 ? `${line.slice(0, 100)}…` : line
  return new Error(`this line is not in the text format of Prometheus: ${quoted}`)
}
