/**
 * Writes a configuration as the text of a file: TypeScript, JavaScript or JSON.
 *
 * Pure, for any thread. It needs no package to be installed to be loaded: the type is erased, or a comment.
 */
import { isPlainObject, joinPath } from '../config/substitute.ts'
import type { Draft } from './draft.ts'

/** In what a configuration is written. */
export type Format = 'ts' | 'js' | 'json'

/** The longest line that is written, as formatters of code have it. */
const width = 100

/** The package types come from. */
const ownName = "'heddle'"

const heading =
  'How Heddle runs this project. `heddle check` checks it, `heddle config` shows all of it resolved.'

/** The file as text, with a newline at its end. */
export function configText(draft: Draft, format: Format): string {
  if (format === 'json') return `${JSON.stringify(draft.config, null, 2)}\n`
  const body = objectText(draft.config as Record<string, unknown>, '', { draft, indent: '' })
  if (format === 'js') {
    return `/**\n * ${heading}\n *\n * @type {import(${ownName}).HeddleConfig}\n */\nexport default ${body}\n`
  }
  return `/** ${heading} */\nimport type { HeddleConfig } from ${ownName}\n\nexport default ${body} satisfies HeddleConfig\n`
}

/** The name of the file. What belongs to a package of CommonJS, or to one that does not say, ends in `m…`. */
export function configName(format: Format, packageType: string | null): string {
  if (format === 'json') return 'heddle.json'
  return `heddle.config.${packageType === 'module' ? '' : 'm'}${format}`
}

interface Place {
  readonly draft: Draft
  readonly indent: string
}

function objectText(value: Record<string, unknown>, path: string, { draft, indent }: Place): string {
  const inner = `${indent}  `
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  // What is written already is no offer.
  const offers = (draft.offers[path] ?? []).filter(
    ({ line }) => !entries.some(([name]) => line.startsWith(`${name}:`))
  )
  if (entries.length === 0 && offers.length === 0) return '{}'
  const lines: string[] = []
  for (const [name, item] of entries) {
    const place = joinPath(path, name)
    const remark = draft.remarks[place]
    if (remark !== undefined) lines.push(...commentLines(remark, inner))
    const comma = name === entries.at(-1)?.[0] && offers.length === 0 ? '' : ','
    lines.push(`${inner}${keyText(name)}: ${valueText(item, place, { draft, indent: inner })}${comma}`)
  }
  for (const { line, sentence } of offers) lines.push(...commentLines(sentence, inner), `${inner}// ${line},`)
  return `{\n${lines.join('\n')}\n${indent}}`
}

function valueText(value: unknown, path: string, place: Place): string {
  const short = flat(value)
  const isTalkedOf = [...Object.keys(place.draft.remarks), ...Object.keys(place.draft.offers)].some(
    other =>
      other.startsWith(`${path}.`) ||
      other.startsWith(`${path}[`) ||
      (other === path && isOffered(place, path))
  )
  const isShort = short.length + place.indent.length + path.length - path.lastIndexOf('.') < width
  if (isShort && !isTalkedOf && !isDeep(value)) return short
  if (Array.isArray(value)) {
    const inner = `${place.indent}  `
    const items = value.map(
      (item, index) => `${inner}${valueText(item, `${path}[${index}]`, { ...place, indent: inner })}`
    )
    return `[\n${items.join(',\n')}\n${place.indent}]`
  }
  return isPlainObject(value) ? objectText(value, path, place) : short
}

function isOffered({ draft }: Place, path: string): boolean {
  return (draft.offers[path] ?? []).length > 0
}

/** Whether it holds objects that hold others, which nobody likes in one line. */
function isDeep(value: unknown): boolean {
  const parts = isPlainObject(value) ? Object.values(value) : []
  return parts.some(part => isPlainObject(part) && Object.keys(part).length > 0 && parts.length > 0)
}

function flat(value: unknown): string {
  if (typeof value === 'string') return textLiteral(value)
  if (Array.isArray(value)) return `[${value.map(flat).join(', ')}]`
  if (!isPlainObject(value)) return String(value)
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  if (entries.length === 0) return '{}'
  return `{ ${entries.map(([name, item]) => `${keyText(name)}: ${flat(item)}`).join(', ')} }`
}

function keyText(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) && name !== '__proto__' ? name : textLiteral(name)
}

/** A text in single quotes, or in double ones when that saves escapes. */
function textLiteral(text: string): string {
  const json = JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
  if (text.includes("'") && !text.includes('"')) return json
  return `'${json.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

/** A comment of `//` lines, broken at words. */
function commentLines(text: string, indent: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.replaceAll(/\s+/g, ' ').trim().split(' ')) {
    if (line !== '' && indent.length + line.length + word.length + 4 > width) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].map(each => `${indent}// ${each}`)
}
