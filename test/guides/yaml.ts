/**
 * Reads the YAML of a guide: maps and lists, by indentation or in brackets, and plain scalars. Whatever else YAML has is
 * an error. Runs in the process of a test. Pure.
 */

/** What there is in a document. */
export type Yaml = string | number | boolean | null | readonly Yaml[] | YamlMap

/** A map. */
export interface YamlMap {
  readonly [key: string]: Yaml
}

/** One line that says something. */
interface Line {
  readonly indent: number
  readonly text: string
}

/**
 * Reads one document.
 *
 * @throws When something in it is none of what is said above, or stands at the wrong column.
 */
export function readYaml(document: string): Yaml {
  const lines = document
    .split('\n')
    .map(line => ({ indent: line.search(/\S/), text: line.replace(/(?:^|\s+)#.*$/, '').trim() }))
    .filter(({ text }) => text !== '')
  const value = readBlock(lines)
  if (lines.length > 0) throw new Error(`"${lines[0]?.text}" stands at the wrong column.`)
  return value
}

/** Takes the block at the first line, whatever it is. */
function readBlock(lines: Line[]): Yaml {
  const [first] = lines
  if (first === undefined) return null
  if (first.text.startsWith('- ')) return readList(lines, first.indent)
  if (keyed.test(first.text)) return readMap(lines, first.indent)
  lines.shift()
  return readFlow(first.text)
}

const keyed = /^([\w./-]+):(?:\s+(.*))?$/

function readList(lines: Line[], indent: number): readonly Yaml[] {
  const items: Yaml[] = []
  while (lines[0]?.indent === indent && lines[0].text.startsWith('- ')) {
    const { text } = lines[0]
    // What stands behind the dash is a block of its own, at its own column.
    const rest = text.slice(1).trimStart()
    lines[0] = { indent: indent + text.length - rest.length, text: rest }
    items.push(readBlock(lines))
  }
  return items
}

function readMap(lines: Line[], indent: number): YamlMap {
  const map: Record<string, Yaml> = {}
  while (lines[0]?.indent === indent) {
    const [, key = '', value = ''] = keyed.exec(lines[0].text) ?? []
    if (key === '' || key in map) throw new Error(`"${lines[0].text}" is no new key.`)
    lines.shift()
    const isDeeper = (lines[0]?.indent ?? -1) > indent
    if (value === '' ? !isDeeper : isDeeper) throw new Error(`${key} has no value, or two.`)
    map[key] = value === '' ? readBlock(lines) : readFlow(value)
  }
  return map
}

/** A scalar, or what is in brackets: each of its words in the place of JSON's. */
function readFlow(text: string): Yaml {
  const json = text.replaceAll(/'[^']*'|[^\s[\]{},:][^[\]{},]*?(?=\s*(?:[\]},]|:\s|$))/g, word => {
    if (word.startsWith("'")) return JSON.stringify(word.slice(1, -1))
    return /^(?:\d+|true|false|null)$/.test(word) ? word : JSON.stringify(word)
  })
  return JSON.parse(json) as Yaml
}
