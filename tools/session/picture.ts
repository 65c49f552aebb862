/**
 * A picture of what a terminal shows, as SVG: text that can be selected, searched and read aloud.
 *
 * Pure. Every run of characters is put at its column and held to its width, so that columns stand under one another
 * whatever font there is.
 */
import type { Run, Style } from './terminal.ts'

const cellWidth = 8.4
const lineHeight = 18
const fontSize = 14
const margin = 16
const bar = 30
const paper = '#11151c'
const ink = '#d5dbe5'
const palette = [
  '#3b4252',
  '#ff6b6b',
  '#7ecb73',
  '#e8c15a',
  '#6aa5f0',
  '#c792ea',
  '#5fc9cf',
  '#d5dbe5',
  '#6b7686',
  '#ff8e8e',
  '#a3e09a',
  '#f3d78a',
  '#95c1f7',
  '#dab3f2',
  '#92e0e4',
  '#ffffff'
]

/** What a picture is made of. */
export interface Picture {
  /** What it shows, for those who do not see it and for the bar above. */
  readonly title: string
  readonly lines: readonly (readonly Run[])[]
  /** Width in characters. */
  readonly columns: number
}

/** The picture as a file. */
export function pictureOf({ title, lines, columns }: Picture): string {
  const width = Math.ceil(columns * cellWidth + 2 * margin)
  const height = Math.ceil(bar + lines.length * lineHeight + 2 * margin)
  const dots = ['#ff6b6b', '#e8c15a', '#7ecb73'].map(
    (colour, index) =>
      `<circle cx="${margin + 4 + index * 18}" cy="${bar / 2 + 3}" r="5.5" fill="${colour}"/>`
  )
  const texts = lines.flatMap((runs, index) => runs.map(run => runOf(run, bar + margin + index * lineHeight)))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${paper}"/>`,
    ...dots,
    `<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="${fontSize}" fill="${ink}">`,
    ...texts,
    '</g>',
    '</svg>',
    ''
  ].join('\n')
}

function runOf({ column, text, style }: Run, top: number): string {
  const { front, back } = coloursOf(style)
  const marks = [
    ...(front === ink ? [] : [`fill="${front}"`]),
    ...(style.bold ? ['font-weight="bold"'] : []),
    ...(style.dim ? ['opacity="0.6"'] : [])
  ]
  const behind =
    back === null
      ? []
      : [
          `<rect x="${xOf(column)}" y="${top}" width="${widthOf(text)}" height="${lineHeight}" fill="${back}"/>`
        ]
  // Several blanks would be shown as one, so what stands between them is put where it belongs by itself.
  const words = Array.from(text.matchAll(/\S+(?: \S+)*/g), ({ index, 0: word }) => {
    const place = `x="${xOf(column + index)}" y="${top + fontSize}" textLength="${widthOf(word)}"`
    return `<text ${[place, 'lengthAdjust="spacingAndGlyphs"', ...marks].join(' ')}>${escaped(word)}</text>`
  })
  return [...behind, ...words].join('\n')
}

function xOf(column: number): number {
  return round(margin + column * cellWidth)
}

function widthOf(text: string): number {
  return round(text.length * cellWidth)
}

function coloursOf({ colour, background, inverse }: Style): { front: string; back: string | null } {
  const front = colour === null ? ink : (palette[colour] ?? ink)
  const back = background === null ? null : (palette[background] ?? null)
  return inverse ? { front: back ?? paper, back: front } : { front, back }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
