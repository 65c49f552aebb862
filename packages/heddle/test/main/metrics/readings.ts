/** Reads metrics back from their text, for tests. */

/** One sample. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** All samples of a text. Throws for a line that is none. */
export function readSamples(text: string): readonly Sample[] {
  return text
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => {
      const match = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (\S+)$/i.exec(line)
      if (match === null) throw new Error(`This is no sample: ${line}`)
      const [, name = '', inside = '', value = ''] = match
      const labels = Object.fromEntries(
        Array.from(inside.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g), ([, label, text = '']) => [label, text])
      )
      return { name, labels, value: Number(value.replace('+Inf', 'Infinity')) }
    })
}

/** The sum of all samples of that name whose labels fit. */
export function sumOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const fits = (sample: Sample): boolean =>
    sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value)
  return readSamples(text)
    .filter(fits)
    .reduce((sum, { value }) => sum + value, 0)
}
