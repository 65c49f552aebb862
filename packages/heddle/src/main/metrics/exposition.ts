/**
 * Writes metrics as Prometheus reads them: its text format, version 0.0.4.
 *
 * Main thread only. Pure. Families come in the order of the table, samples in the order they were added, so that two
 * scrapes of the same numbers are the same text.
 */
import type { Histogram } from './buckets.ts'
import type { MetricFact } from './metric-fact.ts'

/** Values of the labels of a sample, in the order in which its metric lists them. */
export type LabelValues = readonly (string | number)[]

/** Metrics being gathered. */
export class Exposition<Name extends string> {
  readonly #facts: Readonly<Record<Name, MetricFact>>
  readonly #lines = new Map<Name, string[]>()

  constructor(facts: Readonly<Record<Name, MetricFact>>) {
    this.#facts = facts
  }

  /** One sample of a counter or a gauge. */
  add(name: Name, labels: LabelValues, value: number): void {
    this.#family(name).push(`${name}${this.#labels(name, labels)} ${numberText(value)}\n`)
  }

  /** The samples of one histogram. */
  histogram(name: Name, labels: LabelValues, { bounds, cumulative, sum }: Histogram): void {
    const lines = this.#family(name)
    const inside = this.#pairs(name, labels)
    const separator = inside === '' ? '' : ','
    for (const [index, count] of cumulative.entries()) {
      const bound = bounds[index]
      const le = bound === undefined ? '+Inf' : numberText(bound)
      lines.push(`${name}_bucket{${inside}${separator}le="${le}"} ${numberText(count)}\n`)
    }
    const suffix = inside === '' ? '' : `{${inside}}`
    lines.push(
      `${name}_sum${suffix} ${numberText(sum)}\n`,
      `${name}_count${suffix} ${numberText(cumulative.at(-1) ?? 0)}\n`
    )
  }

  /** Everything that was added. A metric of which nothing was has no lines at all. */
  text(): string {
    const names = Object.keys(this.#facts).filter((name): name is Name => this.#lines.has(name as Name))
    return names
      .map(name => `${headOf(name, this.#facts[name])}${this.#lines.get(name)?.join('') ?? ''}`)
      .join('')
  }

  #family(name: Name): string[] {
    const known = this.#lines.get(name)
    if (known !== undefined) return known
    const lines: string[] = []
    this.#lines.set(name, lines)
    return lines
  }

  #labels(name: Name, values: LabelValues): string {
    const pairs = this.#pairs(name, values)
    return pairs === '' ? '' : `{${pairs}}`
  }

  #pairs(name: Name, values: LabelValues): string {
    const { labels } = this.#facts[name]
    if (labels.length !== values.length) {
      throw new RangeError(`${name} has the labels ${labels.join(', ')}; ${values.length} values were given.`)
    }
    return labels.map((label, index) => `${label}="${escapeLabel(String(values[index]))}"`).join(',')
  }
}

/** The two lines that say what a metric is. */
export function headOf(name: string, { type, help }: Pick<MetricFact, 'type' | 'help'>): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`
}

/** The value of a label, as it stands between quotes. */
export function escapeLabel(value: string): string {
  return /[\\"\n]/.test(value) ? escapeHelp(value).replaceAll('"', String.raw`\"`) : value
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`)
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value)
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? '+Inf' : '-Inf'
}
